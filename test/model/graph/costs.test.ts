/** Compares costs with the numbers of the published configuration, counted by the authors' code at 256×256. */
import { describe, expect, it, test } from "vitest";
import { presets } from "../../../src/model/config.ts";
import {
  filterWindows,
  input,
  kernelDft,
  lagsOf,
  windowedDft,
} from "../../../src/model/graph/build.ts";
import { countMacs, largestMap, largestSquare } from "../../../src/model/graph/costs.ts";
import type { Graph, Parameter } from "../../../src/model/graph/graph.ts";
import {
  decodeFlowGraph,
  estimateKernelsGraph,
  restoreGraph,
} from "../../../src/model/nets/ufpnet.ts";

const config = presets.paper;
const restore = restoreGraph(config, "global");
const giga = (graph: Graph, counts?: (weight: Parameter) => boolean) =>
  countMacs(graph, 256, 256, counts) / 1e9;
const isAttention = ({ name }: Parameter) => name.includes(".kernel_atttion.");
/** kernel_down.2 and .3, to 32×32 and 16×16: published and counted there, but unused and not in our graph. */
const unread = (361 * 361 * 4 * (32 * 32 + 16 * 16)) / 1e9;

describe("multiply–accumulates of the published net at 256×256", () => {
  it.each<[string, number, number]>([
    ["KE-Net", giga(estimateKernelsGraph(config)), 96.2],
    ["the flow", giga(decodeFlowGraph(config)), 12.2],
    ["kernel attention", giga(restore, isAttention), 52.8],
    [
      "NAFNet with the field's reductions",
      giga(restore, (w) => !isAttention(w)) + unread,
      63.2 + 11.2,
    ],
  ])("%s", (_, counted, published) => {
    expect(counted).toBeCloseTo(published, 1);
  });

  it("are 235.7 G in total, including unused ones", () => {
    const graphs = [estimateKernelsGraph(config), decodeFlowGraph(config), restore];
    expect(graphs.reduce((sum, graph) => sum + giga(graph), unread)).toBeCloseTo(235.7, 1);
  });

  it("grow with the image, except for pooled values", () => {
    const [once, four] = [countMacs(restore, 256, 256), countMacs(restore, 512, 512)];
    const pooled = countMacs(restore, 256, 256, ({ name }) => name.includes(".sca."));
    expect(four).toBe(4 * (once - pooled) + pooled);
  });
});

describe("multiply–accumulates of windows, counted by hand", () => {
  const windows = 4 * 6;
  const image = input("image", 1);
  const spectrum = windowedDft(image, "full", "re");
  /** Shared columns of 33 complex frequencies, and rows of 64 frequencies from pairs of 64. */
  const dft = 66 * 64 * 16 + 33 * 64 * 128;

  it.each<[string, Graph, number]>([
    ["one part of a spectrum", { spectrum }, dft],
    [
      "a correlation at 19 × 37 shifts",
      { lags: lagsOf(spectrum, "full", "even") },
      dft + 33 * 74 * 64 + 37 * 19 * 66,
    ],
    [
      "a kernel's spectrum",
      { kernels: kernelDft(input("kernels", 361, 16), "full", "im") },
      19 * 128 * 19 + 64 * 33 * 38,
    ],
    [
      "a filter of three channels",
      { filtered: filterWindows(input("image", 3), spectrum, spectrum) },
      dft + 3 * (66 * 64 * 16 + 2 * 33 * 64 * 128 + 2 * 33 * 64 * 64 + 66 * 32 * 16),
    ],
  ])("%s", (_, graph, each) => {
    expect(countMacs(graph, 64, 96)).toBe(windows * each);
  });
});

const graphsOf = (preset: keyof typeof presets) => {
  const config = presets[preset];
  return [estimateKernelsGraph(config), decodeFlowGraph(config), restoreGraph(config, "tlc")];
};

describe("the largest map of a net", () => {
  test("of the published net is its kernels, 361 for every pixel", () => {
    const [estimate, decode, restore] = graphsOf("paper");
    expect(largestMap(decode ?? {}, 96, 64)).toBe(361 * 96 * 64);
    expect(largestMap(estimate ?? {}, 96, 64)).toBe(361 * 96 * 64);
    expect(largestMap(restore ?? {}, 96, 64)).toBe(361 * 96 * 64);
  });

  test("of lite is the widened features of a block at full resolution", () => {
    expect(largestMap(restoreGraph(presets.lite, "global"), 64, 64)).toBe(32 * 64 * 64);
  });
});

describe("the largest tile", () => {
  const most = (128 * 2 ** 20) / 4;

  test.each(["lite", "small", "paper"] as const)(
    "%s fits, and one step larger does not",
    (preset) => {
      const graphs = graphsOf(preset);
      const side = largestSquare(graphs, 16, most);
      expect(side % 16).toBe(0);
      const need = (n: number) => Math.max(...graphs.map((graph) => largestMap(graph, n, n)));
      expect(need(side)).toBeLessThanOrEqual(most);
      expect(need(side + 16)).toBeGreaterThan(most);
    },
  );

  test("is 0 if not even the smallest fits", () => {
    expect(largestSquare(graphsOf("lite"), 16, 1000)).toBe(0);
  });
});
