import { describe, expect, it } from "vitest";
import { WeightsError } from "../../../src/errors.ts";
import { presets } from "../../../src/model/config.ts";
import { parameters } from "../../../src/model/graph/graph.ts";
import { buildNet } from "../../../src/model/nets/build-net.ts";
import {
  decodeFlowGraph,
  estimateKernelsGraph,
  restoreGraph,
} from "../../../src/model/nets/ufpnet.ts";
import { countParameters } from "../../../src/model/weights/count-parameters.ts";
import { configMetadata } from "../../../src/model/weights/metadata.ts";
import { configOf, type Tensor } from "../../../src/model/weights/weights.ts";
import { referenceNets } from "../../fixtures/reference.ts";

const [reference] = referenceNets();
if (!reference) throw new Error("there is no reference net");
const { weights, metadata } = reference;

/** The reference weights with tensors added, replaced, or (undefined) removed. */
function changed(changes: Readonly<Record<string, Tensor | undefined>>): Map<string, Tensor> {
  const copy = new Map(weights);
  for (const [name, tensor] of Object.entries(changes)) {
    if (tensor) copy.set(name, tensor);
    else copy.delete(name);
  }
  return copy;
}

const zeros = (...shape: number[]): Tensor => ({
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
});
/** A shape without values, as in a hostile file whose data is never read. */
const claimed = (...shape: number[]): Tensor => ({ shape, data: new Float32Array() });
const without = (prefix: string) =>
  Object.fromEntries(
    [...weights.keys()].filter((n) => n.startsWith(prefix)).map((n) => [n, undefined]),
  );

describe("the net that weights belong to", () => {
  it("is derived from names and shapes", () => {
    expect(configOf(weights)).toEqual({
      width: 4,
      keBase: 4,
      encoderBlocks: [1, 1, 1, 2],
      middleBlocks: 1,
      decoderBlocks: [1, 1, 1, 1],
      kernelSize: 7,
      kernelStride: 1,
      trainPatch: 256,
    });
    expect(configOf(weights, { ...metadata, train_patch: "112" }).trainPatch).toBe(112);
  });

  it("has kernel stride 2 without the last decoding block, 4 without both", () => {
    const two = changed(without("kernel_extra.Decoding_Block2"));
    const four = changed(without("kernel_extra.Decoding_Block"));
    expect([configOf(two).kernelStride, configOf(four).kernelStride]).toEqual([2, 4]);
  });

  it.each<[string, Record<string, Tensor | undefined>, RegExp]>([
    [
      "none of its tensors",
      Object.fromEntries([...weights.keys()].map((n) => [n, undefined])),
      /tensor intro\S* is missing/,
    ],
    ["no mask", { "flow.net.0.mask": undefined }, /tensor flow\.net\.0\.mask is missing/],
    ["an intro of rank 1", { "intro.weight": zeros(4) }, /expected intro\.weight to have 4 sizes/],
    ["an intro of no channels", { "intro.weight": zeros(0, 3, 3, 3) }, /found \[0,3,3,3\]/],
    ["a mask of 10^9 taps", { "flow.net.0.mask": claimed(1e9) }, /has 1000000000 taps/],
    ["a mask of 64 taps", { "flow.net.0.mask": zeros(64) }, /expected odd square kernels/],
    ["a mask of one tap", { "flow.net.0.mask": zeros(1) }, /expected odd square kernels/],
    ["a mask of rank 2", { "flow.net.0.mask": zeros(7, 7) }, /to have 1 sizes/],
    ["no first encoder", without("encoders.0."), /encoders\.0 is missing$/],
    ["a gap in its blocks", { "encoders.1.5.beta": zeros(1) }, /encoders\.1\.1 is missing$/],
    ["a block called x", { "encoders.1.x.beta": zeros(1) }, /encoders\.1\.1 is missing$/],
    ["a block called 01", { "encoders.1.01.beta": zeros(1) }, /encoders\.1\.1 is missing$/],
    ["no middle", without("middle_blks."), /expected 1 to 256 of middle_blks but found 0/],
    ["a decoder too few", without("decoders.3."), /as many decoders as encoders \(4\) but found 3/],
    [
      "nine encoders",
      Object.fromEntries(
        Array.from({ length: 5 }, (_, i) => [`encoders.${4 + i}.0.beta`, zeros(1)]),
      ),
      /expected 1 to 8 of encoders but found 9/,
    ],
    [
      "100,000 blocks",
      Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => [`encoders.3.${i}.beta`, zeros(1)])),
      /expected 1 to 256 of encoders\.3 but found 100000/,
    ],
    [
      "a large encoder before a kernel-aware one",
      { "encoders.0.1.beta": zeros(1) },
      /one block first/,
    ],
    ["a large encoder between", { "encoders.1.1.beta": zeros(1) }, /found \[1,2,1,2\]/],
  ])("is rejected for weights with %s", (_, changes, message) => {
    const hostile = changed(changes);
    expect(() => configOf(hostile)).toThrow(WeightsError);
    expect(() => configOf(hostile)).toThrow(message);
  });

  it.each([
    ["width", "8"],
    ["ke_base", "8"],
    ["enc_blk_nums", "[1,1,1,28]"],
    ["middle_blk_num", "2"],
    ["dec_blk_nums", "[1,1,1]"],
    ["kernel_size", "19"],
    ["kernel_stride", "4"],
    ["preset", "paper"],
  ])("contradicts metadata with %s %s", (field, value) => {
    expect(() => configOf(weights, { ...metadata, [field]: value })).toThrow(
      new RegExp(`^the metadata have ${field} .* but the tensors have ${field} `),
    );
  });

  it.each(["0", "-1", "1.5", "1e3", "", "x\u001b", "100000", "0x10"])(
    "has no training patch of %j",
    (patch) => {
      expect(() => configOf(weights, { train_patch: patch })).toThrow(/train_patch to be a side/);
    },
  );

  it("writes its settings in the format it reads", () => {
    expect(configOf(weights, configMetadata(configOf(weights)))).toEqual(configOf(weights));
    expect(configMetadata({ ...presets.lite, trainPatch: 112 })).toEqual({
      preset: "lite",
      width: "16",
      ke_base: "16",
      enc_blk_nums: "[1,1,1,28]",
      middle_blk_num: "1",
      dec_blk_nums: "[1,1,1,1]",
      kernel_size: "19",
      kernel_stride: "4",
      train_patch: "112",
    });
    expect(configMetadata(configOf(weights))["preset"]).toBe(undefined);
  });
});

describe("weights compared with a net", () => {
  const match = (changes: Readonly<Record<string, Tensor | undefined>>) => () =>
    buildNet({ tensors: changed(changes), metadata }, "global");

  it("fit if complete, including unused reductions", () => {
    expect([...weights.keys()].filter((name) => /^kernel_down\.[23]\./.test(name))).toHaveLength(4);
    const { graphs } = buildNet({ tensors: weights, metadata }, "tlc");
    expect(Object.keys(graphs)).toEqual(["estimate-kernels", "decode-flow", "restore"]);
  });

  it("report all missing, unexpected and misshapen tensors at once", () => {
    const found = match({
      "downs.1.bias": undefined,
      "ending.weight": zeros(3, 4, 1, 1),
      "ending.scale": zeros(1),
    });
    expect(found).toThrow(
      new WeightsError(
        "weights do not fit the net: missing: downs.1.bias; unexpected: ending.scale; misshapen: ending.weight [3,4,1,1], expected [3,4,3,3]",
      ),
    );
  });

  it("list five of many", () => {
    expect(match(without("kernel_extra.Conv_mid"))).toThrow(
      /missing: .*body\.4\.weight and 5 more$/,
    );
  });

  it("are rejected if a shape only claims to be large", () => {
    expect(match({ "intro.weight": claimed(2 ** 40, 3, 3, 3) })).toThrow(
      /width .* but the tensors/,
    );
    expect(() =>
      buildNet(
        { tensors: changed({ "intro.weight": claimed(2 ** 50, 3, 3, 3) }), metadata: {} },
        "tlc",
      ),
    ).toThrow(/misshapen: intro\.bias \[4\], expected \[1125899906842624\]/);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "are rejected for a value of %s, with the tensor's name",
    (value) => {
      const bias = zeros(4);
      bias.data[3] = value;
      expect(match({ "intro.bias": bias })).toThrow(
        "tensor intro.bias has values that are not finite",
      );
    },
  );

  it("are rejected if a mask is neither 0 nor 1", () => {
    const mask = zeros(49);
    mask.data[48] = 0.5;
    expect(match({ "flow.net.4.mask": mask })).toThrow("tensor flow.net.4.mask has values");
  });
});

describe("counting parameters", () => {
  /** All tensors of a published file with these settings: those that are read, and two unused reductions. */
  const published = (() => {
    const config = presets.paper;
    const graphs = [
      estimateKernelsGraph(config),
      decodeFlowGraph(config),
      restoreGraph(config, "global"),
    ];
    const read = graphs.flatMap(parameters).map(({ name, shape }) => [name, { shape }] as const);
    const unread = [2, 3].flatMap((i) => [
      [`kernel_down.${i}.weight`, { shape: [361, 361, 2, 2] }] as const,
      [`kernel_down.${i}.bias`, { shape: [361] }] as const,
    ]);
    return [...read, ...unread, ["flow.base_dist_mean", { shape: [361] }] as const];
  })();

  it("returns the paper's numbers for the published net: 80.34 M, KE-Net 5.62 M, flow 0.194 M", () => {
    const { total, kernelEstimator, flow, restorer } = countParameters(published);
    expect((total / 1e6).toFixed(2)).toBe("80.34");
    expect((kernelEstimator / 1e6).toFixed(2)).toBe("5.62");
    expect((flow / 1e6).toFixed(3)).toBe("0.194");
    expect(kernelEstimator + flow + restorer).toBe(total);
  });
});
