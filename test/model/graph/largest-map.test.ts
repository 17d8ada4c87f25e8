import { describe, expect, test } from "vitest";
import { presets } from "../../../src/model/config.ts";
import { largestMap, largestSquare } from "../../../src/model/graph/largest-map.ts";
import {
  decodeFlowGraph,
  estimateKernelsGraph,
  restoreGraph,
} from "../../../src/model/nets/ufpnet.ts";

const graphsOf = (preset: keyof typeof presets) => {
  const config = presets[preset];
  return [estimateKernelsGraph(config), decodeFlowGraph(config), restoreGraph(config, "tlc")];
};

describe("the largest map of a net", () => {
  test("of the published one is its kernels, 361 for every pixel", () => {
    const [estimate, decode, restore] = graphsOf("paper");
    expect(largestMap(decode ?? {}, 96, 64)).toBe(361 * 96 * 64);
    expect(largestMap(estimate ?? {}, 96, 64)).toBe(361 * 96 * 64);
    expect(largestMap(restore ?? {}, 96, 64)).toBe(361 * 96 * 64);
  });

  test("of lite is the block's widened features at full resolution", () => {
    expect(largestMap(restoreGraph(presets.lite, "global"), 64, 64)).toBe(32 * 64 * 64);
  });
});

describe("the largest tile", () => {
  const most = (128 * 2 ** 20) / 4;

  test.each(["lite", "small", "paper"] as const)(
    "%s fits, and one step more does not",
    (preset) => {
      const graphs = graphsOf(preset);
      const side = largestSquare(graphs, 16, most);
      expect(side % 16).toBe(0);
      const need = (n: number) => Math.max(...graphs.map((graph) => largestMap(graph, n, n)));
      expect(need(side)).toBeLessThanOrEqual(most);
      expect(need(side + 16)).toBeGreaterThan(most);
    },
  );

  test("is none where not even the smallest fits", () => {
    expect(largestSquare(graphsOf("lite"), 16, 1000)).toBe(0);
  });
});
