/**
 * Reads safetensors strictly: every byte of the data belongs to exactly one tensor, and memory is allocated only
 * after the header has been checked.
 */
import { WeightsError } from "../../errors.ts";
import { type Dtype, toFloat32 } from "./floats.ts";
import { type HeaderEntry, readSafetensorsHeader } from "./safetensors-header.ts";
import type { StoredWeights, Tensor } from "./weights.ts";

/**
 * The tensors as float32; F16 and BF16 are widened. Values of an aligned F32 tensor share `bytes`.
 * @throws WeightsError with the problem and the tensor
 */
export function readSafetensors(bytes: Uint8Array): StoredWeights {
  const { metadata, entries, data } = readSafetensorsHeader(bytes);
  checkCoverage(entries, data.length);
  const tensors = new Map(
    entries.map(({ name, dtype, shape, begin, end }) => [
      name,
      widened(shape, data.subarray(begin, end), dtype),
    ]),
  );
  return { metadata, tensors, dtypes: new Map(entries.map(({ name, dtype }) => [name, dtype])) };
}

/** Values are converted on first access, because shapes alone determine the net. */
function widened(shape: readonly number[], bytes: Uint8Array, dtype: Dtype): Tensor {
  let values: Float32Array | undefined;
  return {
    shape,
    get data() {
      values ??= toFloat32(bytes, dtype);
      return values;
    },
  };
}

/** Throws unless the tensors cover the data without holes and overlaps. */
function checkCoverage(entries: readonly HeaderEntry[], dataBytes: number): void {
  let covered = 0;
  for (const { name, begin, end } of entries.toSorted(
    (a, b) => a.begin - b.begin || a.end - b.end,
  )) {
    if (begin !== covered) {
      const what = begin < covered ? "overlaps the tensor before it" : "leaves a hole before it";
      throw new WeightsError(`safetensors: tensor ${name} ${what}`);
    }
    covered = end;
  }
  if (covered !== dataBytes) {
    throw new WeightsError(
      `safetensors: expected ${covered} bytes of data but found ${dataBytes}; the file is ${covered > dataBytes ? "truncated" : "too long"}`,
    );
  }
}
