/** Compares a GPU's result with the processor's on one small tile, because some drivers compute wrongly. */
import { UnavailableError } from "../../errors.ts";
import type { Engine } from "../../model/engine.ts";
import type { DeviceEngineOptions } from "../../model/engines/device-engine.ts";
import { plain } from "../../text/words.ts";
import { openNamedEngine } from "./engine-table.ts";

/** Largest max|Δ| ÷ max|processor|. Between float32 engines it is below 1e-4 on trained nets. */
const tolerance = 1e-3;
const side = 32;

/** Checks that `engine` agrees with the processor. @throws UnavailableError if they differ; `engine` is disposed then */
export async function assertAgrees(
  engine: Engine,
  settings: Omit<DeviceEngineOptions, "backend">,
): Promise<void> {
  const processor = await openNamedEngine("onnx", settings).catch(() =>
    openNamedEngine("tfjs-wasm", settings),
  );
  try {
    const [theirs, ours] = await Promise.all([restoreOne(engine), restoreOne(processor)]);
    const difference = largest(theirs.map((value, i) => value - (ours[i] as number)));
    const relative = difference / largest(ours);
    if (relative <= tolerance) return;
    throw new UnavailableError(
      `${engine.identity.engine} on ${engine.identity.adapter} differs from the processor by ${plain(100 * relative)} %`,
    );
  } catch (error) {
    await engine.dispose();
    throw error;
  } finally {
    await processor.dispose();
  }
}

/** Restores a tile of stripes and grain; returns its residual [3, side, side]. */
async function restoreOne(engine: Engine): Promise<Float32Array> {
  const pixels = Float32Array.from(
    { length: 3 * side * side },
    (_, i) => (((i * 7919) % 251) / 251) * 0.5 + ((i % side) / side) * 0.5,
  );
  const image = await engine.upload(pixels, side, side);
  const codes = await engine.estimateKernels(image);
  const kernels = await engine.decodeFlow(codes);
  const change = await engine.deconvolve(image, kernels, codes.sigma);
  const { residual } = await engine.restore(image, kernels, change);
  engine.release(image, codes.code, codes.sigma, kernels, change);
  return residual;
}

function largest(values: Float32Array): number {
  return values.reduce(
    (most, value) =>
      Number.isNaN(value) ? Number.POSITIVE_INFINITY : Math.max(most, Math.abs(value)),
    0,
  );
}
