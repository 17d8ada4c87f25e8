/**
 * Compares MIMO-UNet and MPRNet with tensors of the authors' own code: max|Δ| ≤ 1e-4·max|reference| for each tensor.
 * Repeats the comparison with planted faults, each of which must be detected.
 */
import { describe, expect, test } from "vitest";
import { alignmentOf } from "../../../src/model/config.ts";
import { fold } from "../../../src/model/folding/folding.ts";
import type { Graph } from "../../../src/model/graph/graph.ts";
import { restoreGraph } from "../../../src/model/nets/ufpnet.ts";
import type { Weights } from "../../../src/model/weights/weights.ts";
import { type ReferenceNet, referenceRestorers, tensorOf } from "../../fixtures/reference.ts";
import { error } from "../compare.ts";
import { consumers, foldings, type Tensors } from "../consumers.ts";
import { padded, restored } from "../reference-tiles.ts";
import type { Fault } from "./graph-faults.ts";
import { type Way, ways } from "./parity-ways.ts";
import { faultsOf } from "./restorer-faults.ts";
import { restorerGraph, settingsOf } from "./restorers.ts";

const tolerance = 1e-4;

const table = referenceRestorers().flatMap((net) => ways.map((way) => ({ ...net, ...way })));

describe.each(table)("$name, $consumer, $folding", (way: ReferenceNet & Way) => {
  const { weights, io, consumer, folding } = way;
  const run = (graph: Graph, of: Weights, feeds: Tensors): Promise<Tensors> => {
    const net = fold(graph, of, folding === "plain" ? [] : foldings[consumer]);
    return consumers[consumer](net.graph, net.weights, feeds);
  };
  const config = settingsOf(way);
  const graph = restorerGraph(config);
  const feeds: Tensors = {
    image: tensorOf(io, "input"),
    ...(config.kernelSize > 0 && { kernels: tensorOf(io, "kernels") }),
  };
  const compared = [...io.keys()].filter((name) => /^(features|output)\./.test(name));

  test("every tensor on the way and every output equal the authors'", async () => {
    const out = await run(graph, weights, feeds);
    const errors = compared.map((name) => [name, error(out[name], tensorOf(io, name))] as const);
    expect(errors.filter(([, size]) => !(size <= tolerance))).toEqual([]);
    expect(compared.length).toBeGreaterThan(8);
  });

  // Not every file of the reference has such an image.
  if (io.has("odd.input")) {
    test("an image of odd sides is padded by its mirror image", async () => {
      const odd = tensorOf(io, "odd.input");
      const image = padded(odd, alignmentOf(config));
      const { residual } = await run(restoreGraph(config, "global"), weights, { image });
      const expected = tensorOf(io, "odd.output");
      expect(error(restored(image, residual, expected), expected)).toBeLessThanOrEqual(tolerance);
    });
  }

  if (consumer !== "onnx" || folding !== "plain") return;
  const faults = faultsOf(config, weights);
  test.each(Object.keys(faults))("a planted fault is detected: %s", async (name) => {
    const { change, weights: changed, feed } = faults[name] as Fault;
    const outputs = Object.fromEntries(
      Object.entries(graph).filter(([key]) => key.startsWith("output.")),
    );
    const faulty = change ? change(outputs) : outputs;
    const out = await run(faulty, changed ?? weights, feed ? feed(feeds) : feeds);
    const errors = Object.keys(outputs).map((key) => error(out[key], tensorOf(io, key)));
    expect(Math.max(...errors)).toBeGreaterThan(10 * tolerance);
  });
});
