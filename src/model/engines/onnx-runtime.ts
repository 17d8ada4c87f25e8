/** Loads the library of ONNX Runtime. */
import { onnxProviders } from "./onnx-providers.ts";
import { unavailable } from "./runtime-failures.ts";

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
