/** A GPU's answer beside the processor's, for one small tile: drivers have been wrong before. */
import { UnavailableError } from "../../errors.ts";
import type { Engine } from "../../model/engine.ts";
import type { DeviceEngineOptions } from "../../model/engines/device-engine.ts";
import { openNamedEngine } from "./engine-table.ts";

/** max|Δ| ÷ max|processor|. Between engines that compute with float32 it is below 1e-4 on trained nets. */
const tolerance = 1e-3;
const side = 32;

/** @throws UnavailableError where they differ; `engine` is disposed then */
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
      `${engine.identity.engine} on ${engine.identity.adapter} computes another picture than the processor (${relative.toPrecision(2)} of it)`,
    );
  } catch (error) {
    await engine.dispose();
    throw error;
  } finally {
    await processor.dispose();
  }
}

/** The residual of a tile of stripes and grain. */
async function restoreOne(engine: Engine): Promise<Float32Array> {
  const pixels = Float32Array.from(
    { length: 3 * side * side },
    (_, i) => (((i * 7919) % 251) / 251) * 0.5 + ((i % side) / side) * 0.5,
  );
  const image = await engine.upload(pixels, side, side);
  const codes = await engine.estimateKernels(image);
  const kernels = await engine.decodeFlow(codes);
  const { residual } = await engine.restore(image, kernels);
  engine.release(image, codes.code, codes.sigma, kernels);
  return residual;
}

function largest(values: Float32Array): number {
  return values.reduce(
    (most, value) =>
      Number.isNaN(value) ? Number.POSITIVE_INFINITY : Math.max(most, Math.abs(value)),
    0,
  );
}
