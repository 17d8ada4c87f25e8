/**
 * Compares parameters and multiply–accumulates of the published MIMO-UNet, MIMO-UNet+ and MPRNet, plain and with kernel
 * attention (k 19), with those counted on the authors' code at 256×256.
 */
import { describe, expect, test } from "vitest";
import { type NetConfig, presets } from "../../../src/model/config.ts";
import { countMacs } from "../../../src/model/graph/costs.ts";
import { type Parameter, parameters } from "../../../src/model/graph/graph.ts";
import { deconvolveAndRestoreGraph } from "../../../src/model/nets/ufpnet.ts";
import { restorerSizes } from "../../../src/model/restorer-sizes.ts";

const plain = { ...presets.paper, kernelSize: 0, keBase: 0 } as const;

interface Published {
  readonly config: NetConfig;
  readonly tensors: number;
  readonly parameters: number;
  readonly macs: number;
  readonly attention: { readonly parameters: number; readonly macs: number };
}

/** One kernel_down for both reductions of the field. */
const reductions = { parameters: 1_043_290, macs: 10_675_896_320 };
const mimoAttention = { parameters: 1_502_816, macs: 19_171_639_296 };

const published: Readonly<Record<string, Published>> = {
  "MIMO-UNet": {
    config: { ...plain, ...restorerSizes["mimo-unet"].small },
    tensors: 244,
    parameters: 6_807_171,
    macs: 63_732_842_496,
    attention: mimoAttention,
  },
  "MIMO-UNet+": {
    config: { ...plain, ...restorerSizes["mimo-unet"].paper },
    tensors: 532,
    parameters: 16_107_651,
    macs: 150_705_930_240,
    attention: mimoAttention,
  },
  MPRNet: {
    config: { ...plain, ...restorerSizes.mprnet.paper },
    // A state dict lists the shared factor 55 times.
    tensors: 316 - 54,
    parameters: 20_127_073,
    macs: 759_411_071_616,
    attention: { parameters: 7_621_344, macs: 140_142_182_400 },
  },
};

const isAttention = ({ name }: Parameter) => name.includes("kernel_atttion.");
const isReduction = ({ name }: Parameter) => name.startsWith("kernel_down.");
const sum = (list: readonly Parameter[]) =>
  list.reduce((total, { shape }) => total + shape.reduce((a, b) => a * b, 1), 0);

describe.each(Object.entries(published))("%s", (_, { config, attention, ...expected }) => {
  test("as published", () => {
    const graph = deconvolveAndRestoreGraph(config, "global");
    const all = parameters(graph);
    expect(all).toHaveLength(expected.tensors);
    expect(sum(all)).toBe(expected.parameters);
    expect(countMacs(graph, 256, 256)).toBe(expected.macs);
  });

  test("with kernel attention", () => {
    const { kernelSize, keBase } = presets.paper;
    const graph = deconvolveAndRestoreGraph({ ...config, kernelSize, keBase }, "global");
    const all = parameters(graph);
    const macs = (counts: (weight: Parameter) => boolean) => countMacs(graph, 256, 256, counts);
    expect(sum(all.filter(isAttention))).toBe(attention.parameters);
    expect(macs(isAttention)).toBe(attention.macs);
    expect(sum(all.filter(isReduction))).toBe(reductions.parameters);
    expect(macs(isReduction)).toBe(reductions.macs);
    expect(sum(all)).toBe(expected.parameters + attention.parameters + reductions.parameters);
    expect(macs(() => true)).toBe(expected.macs + attention.macs + reductions.macs);
  });
});
