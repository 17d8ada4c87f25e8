/** Lists faults of a wrong MIMO-UNet, MPRNet or kernel attention, in the graph, the weights or the field. */
import type { NetConfig } from "../../../src/model/config.ts";
import {
  add,
  affine,
  cut,
  evenCells,
  halve,
  join,
  multiply,
  relu,
  upsample,
} from "../../../src/model/graph/build.ts";
import { rewrite, type Value } from "../../../src/model/graph/graph.ts";
import type { Tensor, Weights } from "../../../src/model/weights/weights.ts";
import {
  atConv,
  atSum,
  everywhere,
  type Fault,
  first,
  isBinary,
  isUnary,
  nameOf,
  ofKind,
  renamed,
  second,
  swapped,
  without,
} from "./graph-faults.ts";

/** The faults of a net, by what is wrong. */
export function faultsOf(config: NetConfig, weights: Weights): Record<string, Fault> {
  return {
    ...(config.restorer === "mimo-unet" ? ofMimoUnet(weights) : ofMprNet(weights)),
    ...(config.kernelSize > 0 && ofAttention(config.kernelSize)),
  };
}

function ofMimoUnet(weights: Weights): Record<string, Fault> {
  const isImage = (value: Value) => first(value).channels === 3;
  const flipped = [...weights].map(([name, tensor]): [string, Tensor] => {
    if (!/^feat_extract\.[34]\.main\.0\.weight$/.test(name)) return [name, tensor];
    const data = tensor.data.map((_, i) => tensor.data[i - (i % 16) + 15 - (i % 16)] as number);
    return [name, { ...tensor, data }];
  });
  const block = /^(En|De)coder\.\d\.layers\.\d+\.main\.1\.main\.0$/;
  const belowBlocks = (value: Value): Value =>
    isBinary(value, "add") && /^Decoder/.test(nameOf(second(value)))
      ? belowBlocks(first(value))
      : value;
  return {
    "decoder concat order, half": swapped(/^Convs\.0/),
    "decoder concat order, full": swapped(/^Convs\.1/),
    "AFF1 concat reversed": swapped(/^AFFs\.1\.conv\.0/),
    "AFF0 concat reversed": swapped(/^AFFs\.0\.conv\.0/),
    "AFF0 fed the output of AFF1": {
      change(graph) {
        let aff1: Value | undefined;
        return everywhere((value, original) => {
          if (nameOf(original) === "AFFs.1.conv.1.main.0") aff1 = value;
          if (!/^AFFs\.0\.conv\.0/.test(nameOf(original)) || !aff1) return undefined;
          const [large, , small] = first(value).inputs as [Value, Value, Value];
          const inputs = [large, upsample(aff1, 2), small];
          return { ...value, inputs: [{ ...first(value), inputs }] };
        })(graph);
      },
    },
    "AFF without its relu": without(/^AFFs/),
    "image pyramid bilinear": ofKind("even-cells", (value) => halve(first(value)), isImage),
    "feature /2 bilinear": ofKind(
      "even-cells",
      (value) => halve(first(value)),
      (value) => !isImage(value),
    ),
    "feature ×2 bilinear": {
      change: everywhere((value) =>
        value.op.kind === "upsample"
          ? upsample(first(value), value.op.factor, "linear")
          : undefined,
      ),
    },
    "FAM skipped": atSum(/^FAM/, first),
    "FAM adds the smaller image's features": atSum(/^FAM/, (value) =>
      add(second(first(second(value))), second(value)),
    ),
    "FAM with a relu": atConv(/^FAM/, relu),
    "SCM concat order": swapped(/^SCM\d\.conv/),
    "SCM with a relu at its end": atConv(/^SCM\d\.conv/, relu),
    "SCM without the relu before its concat": without(/^SCM\d\.main\.3/),
    "residual blocks with a relu after the sum": atSum(block, relu),
    "residual blocks without their skip": atSum(block, second),
    "no relu after feat_extract.0": without(/^feat_extract\.0/),
    "no relu after feat_extract.1 and .2": without(/^feat_extract\.[12]/),
    "no relu after feat_extract.3 and .4": without(/^feat_extract\.[34]/),
    "transposed kernels flipped": { weights: new Map(flipped) },
    "no relu after Convs": without(/^Convs/),
    "smaller outputs with a relu": atConv(/^ConvsOut/, relu),
    "feat_extract.3 fed the encoder's output": atConv(/^feat_extract\.3/, (value) => ({
      ...value,
      inputs: [belowBlocks(first(value))],
    })),
  };
}

function ofMprNet(weights: Weights): Record<string, Fault> {
  const uncut = (axis: "x" | "y"): Fault => ({
    change: everywhere((value, { op }) =>
      (op.kind === "cut" || op.kind === "join") && op.axis === axis ? first(value) : undefined,
    ),
  });
  const factor = (to: number): Fault => ({
    weights: new Map(
      [...weights].map(([name, tensor]) => [
        name,
        name.endsWith("body.1.weight") ? { ...tensor, data: Float32Array.of(to) } : tensor,
      ]),
    ),
  });
  const exchanged = (name: RegExp): Fault =>
    renamed(weights, (own) =>
      own.replace(name, (_, before, kind) => `${before}${kind === "enc" ? "dec" : "enc"}`),
    );
  /** The product of a block's features and its channel attention. */
  const isAttended = (value: Value): boolean =>
    isBinary(value, "multiply") &&
    /body\.2$/.test(nameOf(first(value))) &&
    isUnary(second(value), "sigmoid");
  const isBlock = (value: Value) => isBinary(value, "add") && isAttended(second(value));
  const atBlock = (change: (value: Value) => Value): Fault => ({
    change: everywhere((value, original) => (isBlock(original) ? change(value) : undefined)),
  });
  return {
    "no features from stage to stage": atSum(/csff_/, first),
    "encoder's and decoder's features of stage 1 exchanged": exchanged(/(csff_)(enc|dec)/),
    "rows not cut": uncut("y"),
    "columns not cut": uncut("x"),
    "left and right first": {
      change: (graph) =>
        rewrite(graph, (value) => {
          const { op } = value;
          const across = (axis: "x" | "y") => (axis === "x" ? "y" : "x");
          if (op.kind === "cut") return cut(first(value), across(op.axis));
          if (op.kind === "join") return join(first(value), across(op.axis));
          const { patches: _, ...rest } = value;
          const found = value.inputs.find(({ patches }) => patches)?.patches;
          return { ...rest, ...(found && { patches: found }) };
        }),
    },
    "concat12 swapped": swapped(/^concat12$/),
    "concat23 swapped": swapped(/^concat23$/),
    "encoder and decoder exchanged in stage 3": exchanged(/(conv_)(enc|dec)/),
    "upsampling nearest": ofKind("upsample", (value) => upsample(first(value), 2)),
    "downsampling nearest": ofKind("halve", (value) => evenCells(first(value))),
    "channel attention omitted": {
      change: everywhere((value, original) => (isAttended(original) ? first(value) : undefined)),
    },
    "channel attention without relu": without(/CA\.conv_du\.0$/),
    "prelu factor 0": factor(0),
    "prelu factor 0.25": factor(0.25),
    "blocks without their skip": atBlock(second),
    "attention after the skip": atBlock((value) => {
      const [features, weight] = second(value).inputs as [Value, Value];
      return multiply(add(first(value), features), weight);
    }),
    "groups of stage 3 without their skip": atSum(/orb\d\.body\.\d+$/, second),
    "supervised attention without the image": atSum(/^sam\d\d\.conv2$/, first, 0),
    "supervised attention without its skip": {
      change: everywhere((value, original) =>
        isBinary(original, "add") && /^sam\d\d\.conv1$/.test(nameOf(first(first(original))))
          ? first(value)
          : undefined,
      ),
    },
    "skip attention omitted": {
      change: everywhere((value, original) => {
        const name = nameOf(first(second(original)));
        return isBlock(original) && /skip_attn/.test(name) ? first(value) : undefined;
      }),
    },
    "stages' encoders exchanged": renamed(weights, (name) =>
      /csff|kernel_/.test(name)
        ? name
        : name.replace(/^stage([12])_encoder/, (_, s) => `stage${3 - Number(s)}_encoder`),
    ),
  };
}

/** @param side of a kernel */
function ofAttention(side: number): Record<string, Fault> {
  /** Reorders the taps of every kernel. */
  const moved = (from: (tap: number) => number): Fault => ({
    feed(feeds) {
      const { data, shape } = feeds["kernels"] as Tensor;
      const cells = data.length / side ** 2;
      const changed = data.map(
        (_, i) => data[from(Math.floor(i / cells)) * cells + (i % cells)] as number,
      );
      return { ...feeds, kernels: { data: changed, shape } };
    },
  });
  /** A·f + x. */
  const isAttended = (value: Value): boolean =>
    isBinary(value, "add") &&
    isBinary(first(value), "multiply") &&
    isUnary(first(first(value)), "sigmoid") &&
    /kernel_atttion/.test(nameOf(first(first(first(value)))));
  const atAttended = (change: (value: Value) => Value): Fault => ({
    change: everywhere((value, original) => (isAttended(original) ? change(value) : undefined)),
  });
  return {
    "kernel attention without + x": atAttended(first),
    "kernel attention weighs x": atAttended((value) =>
      add(multiply(first(first(value)), second(value)), second(value)),
    ),
    "kernel attention skipped": atAttended(second),
    "kernel attention reads [g, f]": swapped(/kernel_atttion.*conv_2/),
    "relu for gelu": {
      change: everywhere((value, original) =>
        isUnary(original, "gelu") ? relu(first(value)) : undefined,
      ),
    },
    "no gelu after conv_kernel.2": without(/conv_kernel\.2$/),
    "kernels of 0": {
      change: everywhere((value) =>
        value.op.kind === "input" && value.op.name === "kernels" ? affine(value, 0, 0) : undefined,
      ),
    },
    "kernels transposed": moved((tap) => (tap % side) * side + Math.floor(tap / side)),
    "kernels rotated": moved((tap) => side ** 2 - 1 - tap),
    "fields averaged instead of reduced": atConv(/^kernel_down/, (value) => halve(first(value))),
  };
}
