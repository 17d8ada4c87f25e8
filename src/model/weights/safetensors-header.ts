/**
 * Reads the header of a safetensors file (8-byte little-endian length, then JSON). The JSON is scanned before
 * parsing, for duplicate keys, which a parser hides, and for excessive depth or size, which it would allocate.
 */
import { WeightsError } from "../../errors.ts";
import { bytesPerValue, type Dtype, isDtype } from "./floats.ts";
import { checkName, printable } from "./names.ts";

export interface HeaderEntry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Position of its bytes in the data; the length matches shape and dtype. */
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly metadata: Readonly<Record<string, string>>;
  readonly entries: readonly HeaderEntry[];
  /** All bytes after the header. */
  readonly data: Uint8Array;
}

const maxHeaderBytes = 100_000_000; // the format's own limit
const maxParts = 2_000_000; // a tensor has about twenty
const maxDepth = 3; // header, tensor, shape
const maxRank = 8;

/** @throws WeightsError with the problem and the tensor. Overlapping entries are not detected. */
export function readSafetensorsHeader(bytes: Uint8Array): Header {
  if (bytes.length < 8) {
    throw new WeightsError(`safetensors: expected at least 8 bytes but found ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  const available = Math.min(bytes.length - 8, maxHeaderBytes);
  if (length > BigInt(available)) {
    throw new WeightsError(
      `safetensors: the header claims ${length} bytes where at most ${available} are possible; not a safetensors file, or truncated`,
    );
  }
  const end = 8 + Number(length);
  const { __metadata__: metadata = {}, ...tensors } = parse(bytes.subarray(8, end));
  if (!isRecord(metadata) || !Object.values(metadata).every((v) => typeof v === "string")) {
    throw new WeightsError("safetensors: expected __metadata__ to map names to strings");
  }
  const entries = Object.entries(tensors).map(([name, value]) => readEntry(name, value));
  return { metadata: metadata as Record<string, string>, entries, data: bytes.subarray(end) };
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    scan(text);
    header = JSON.parse(text);
  } catch (cause) {
    if (cause instanceof WeightsError) throw cause;
    throw new WeightsError("safetensors: the header is not JSON; not a safetensors file", {
      cause,
    });
  }
  if (!isRecord(header)) throw new WeightsError("safetensors: the header is not an object");
  return header;
}

/** Rejects content that safetensors never has; JSON syntax is left to the parser. */
function scan(text: string): void {
  const open: (Set<string> | "list")[] = []; // for an object, its keys so far
  let before = "";
  let parts = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    if (char === '"') {
      const end = endOfString(text, i);
      const keys = open.at(-1);
      if (keys instanceof Set && (before === "{" || before === ",")) {
        const key = JSON.parse(text.slice(i, end)) as string;
        if (keys.has(key))
          throw new WeightsError(`safetensors: the header contains ${printable(key)} twice`);
        keys.add(key);
      }
      i = end - 1;
    } else if ("{}[],:".includes(char)) {
      before = char;
      parts++;
      if (char === "{") open.push(new Set());
      if (char === "[") open.push("list");
      if (char === "}" || char === "]") open.pop();
      if (open.length > maxDepth || parts > maxParts) {
        throw new WeightsError("safetensors: the header is too deep or too long for weights");
      }
    } else if (!"0123456789 \t\r\n".includes(char)) {
      throw new WeightsError(
        `safetensors: the header is not a table of tensors: ${printable(char)}`,
      );
    }
  }
}

/** Index after the quote that closes the string opened at `start`. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
  return i + 1;
}

function readEntry(name: string, value: unknown): HeaderEntry {
  checkName(name);
  const fail = (problem: string) => new WeightsError(`safetensors: tensor ${name}: ${problem}`);
  if (!isRecord(value)) throw fail("expected dtype, shape and data_offsets");
  const { dtype, shape, data_offsets: offsets, ...others } = value;
  const [other] = Object.keys(others);
  if (other !== undefined) throw fail(`unexpected field ${printable(other)}`);
  if (!isDtype(dtype)) {
    const found = typeof dtype === "string" ? printable(dtype) : "none";
    throw fail(`expected dtype ${Object.keys(bytesPerValue).join(", ")} but found ${found}`);
  }
  if (!isSizes(shape) || shape.length > maxRank) {
    throw fail(`expected a shape of at most ${maxRank} sizes`);
  }
  if (!isSizes(offsets) || offsets.length !== 2)
    throw fail("expected data_offsets to be two offsets");
  const [begin, end] = offsets as [number, number];
  const size = shape.reduce((a, b) => a * b, bytesPerValue[dtype]);
  if (end - begin !== size) {
    throw fail(`expected ${size} bytes for ${dtype} [${shape}] but found ${end - begin}`);
  }
  return { name, dtype, shape, begin, end };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((v) => Number.isSafeInteger(v) && v >= 0);
}
