/** Loads the library of ONNX Runtime, and tests whether it adds products of bytes exactly on this processor. */
import type { InferenceSession } from "onnxruntime-node";
import { encodeModel } from "../../onnx/proto.ts";
import { unavailable } from "../runtime-failures.ts";
import { onnxProviders } from "./providers.ts";

export type OnnxRuntime = typeof import("onnxruntime-node");

/** @throws UnavailableError if the package or its library is missing */
export async function loadOnnxRuntime(): Promise<OnnxRuntime> {
  try {
    const ort = await import("onnxruntime-node");
    // ONNX Runtime would print every error to standard error in addition to throwing it.
    ort.env.logLevel = "fatal";
    return ort;
  } catch (cause) {
    const { needed, command } = onnxProviders.onnx;
    throw unavailable({
      problem: "ONNX Runtime cannot be loaded",
      found: cause,
      needed,
      command,
    });
  }
}

const channels = 64;
const [most, weight] = [255, 127];
const sum = channels * most * weight;

/** One conv with the largest possible sums. */
const probe = () =>
  encodeModel({
    name: "exact-bytes",
    opset: 17,
    inputs: [{ name: "x", dims: [1, channels, 8, 8] }],
    outputs: [{ name: "y", dims: [1, channels, 8, 8] }],
    inside: [],
    nodes: [
      { op: "QuantizeLinear", inputs: ["x", "one", "zero"], output: "x8" },
      {
        op: "QLinearConv",
        inputs: ["x8", "one", "zero", "w", "one", "w zero", "step", "zero"],
        output: "y8",
      },
      { op: "DequantizeLinear", inputs: ["y8", "step", "zero"], output: "y" },
    ],
    initializers: [
      { name: "one", dims: [], values: Float32Array.of(1) },
      { name: "zero", dims: [], values: Uint8Array.of(0), type: "uint8" },
      { name: "w zero", dims: [], values: Int8Array.of(0) },
      { name: "step", dims: [], values: Float32Array.of(sum / most) },
      {
        name: "w",
        dims: [channels, channels, 1, 1],
        values: new Int8Array(channels ** 2).fill(weight),
      },
    ],
  });

/**
 * True if a session opened with `options` adds products of bytes exactly; takes some milliseconds. Without an
 * instruction for four products at once (VNNI), ONNX Runtime adds pairs of products in 16 bits and silently
 * saturates, unless an option forbids it.
 */
export async function addsBytesExactly(
  ort: OnnxRuntime,
  options: InferenceSession.SessionOptions = {},
): Promise<boolean> {
  const session = await ort.InferenceSession.create(probe(), options);
  const x = new ort.Tensor("float32", new Float32Array(channels * 64).fill(most), [
    1,
    channels,
    8,
    8,
  ]);
  const { y } = await session.run({ x });
  await session.release();
  return (
    y !== undefined && (y.data as Float32Array).every((value) => Math.abs(value / sum - 1) < 1e-3)
  );
}
