/**
 * Reads safetensors (8-byte little-endian header length, JSON header, data) strictly: every byte of the
 * data belongs to exactly one tensor, and nothing is allocated on the word of the header alone.
 */
import { WeightsError } from "../../errors.ts";
import type { Tensor } from "./weights.ts";

export interface SafetensorsFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

const maxHeaderBytes = 100_000_000; // the format's own limit
const bytesOf: Readonly<Record<string, number>> = { F32: 4, F16: 2 };

interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Tensors as float32, F16 widened. Values of an aligned F32 tensor share `bytes`.
 * @throws WeightsError naming what is wrong, and the tensor
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { header, data } = splitHeader(bytes);
  const { __metadata__: metadata = {}, ...rest } = header;
  if (!isRecord(metadata) || !Object.values(metadata).every((v) => typeof v === "string")) {
    throw new WeightsError("safetensors: expected __metadata__ to map names to strings");
  }
  const entries = Object.entries(rest).map(([name, value]) => readEntry(name, value));
  checkCoverage(entries, data.length);
  const tensors = new Map(
    entries.map(({ name, dtype, shape, begin, end }) => [
      name,
      { shape, data: toFloat32(data.subarray(begin, end), dtype) },
    ]),
  );
  return { metadata: metadata as Record<string, string>, tensors };
}

function splitHeader(bytes: Uint8Array): { header: Record<string, unknown>; data: Uint8Array } {
  if (bytes.length < 8) {
    throw new WeightsError(`safetensors: expected at least 8 bytes but found ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  const available = Math.min(bytes.length - 8, maxHeaderBytes);
  if (length > BigInt(available)) {
    throw new WeightsError(
      `safetensors: the header claims ${length} bytes where at most ${available} are possible; not a safetensors file, or cut short`,
    );
  }
  const end = 8 + Number(length);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, end)));
  } catch (cause) {
    throw new WeightsError("safetensors: the header is not JSON; not a safetensors file", {
      cause,
    });
  }
  if (!isRecord(header)) throw new WeightsError("safetensors: the header is not an object");
  return { header, data: bytes.subarray(end) };
}

function readEntry(name: string, value: unknown): Entry {
  const fail = (problem: string) => new WeightsError(`safetensors: tensor ${name}: ${problem}`);
  if (!isRecord(value)) throw fail("expected dtype, shape and data_offsets");
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || bytesOf[dtype] === undefined) {
    throw fail(`expected dtype F32 or F16 but found ${String(dtype)}`);
  }
  if (!isSizes(shape)) throw fail("shape is not a list of sizes");
  if (!isSizes(offsets) || offsets.length !== 2) throw fail("data_offsets are not two offsets");
  const [begin, end] = offsets as [number, number];
  const size = shape.reduce((a, b) => a * b, 1) * bytesOf[dtype];
  if (end - begin !== size) {
    throw fail(`expected ${size} bytes for ${dtype} [${shape}] but found ${end - begin}`);
  }
  return { name, dtype, shape, begin, end };
}

/** No hole, no overlap, nothing left over. */
function checkCoverage(entries: readonly Entry[], dataBytes: number): void {
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
      `safetensors: expected ${covered} bytes of data but found ${dataBytes}; the file is ${covered > dataBytes ? "cut short" : "too long"}`,
    );
  }
}

function toFloat32(bytes: Uint8Array, dtype: string): Float32Array {
  if (dtype === "F16") {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Float32Array.from({ length: bytes.length / 2 }, (_, i) =>
      halfToFloat(view.getUint16(2 * i, true)),
    );
  }
  // A view needs alignment; the header's length decides whether there is any.
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
}

/** IEEE 754 binary16 → number. */
function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((v) => Number.isSafeInteger(v) && v >= 0);
}
