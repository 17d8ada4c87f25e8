/**
 * Rebuilds PyTorch's tensors from their description in a pickle: a view (offset, sizes, strides) of a storage, whose
 * bytes are elsewhere in the file. All descriptions are checked before use.
 */
import { WeightsError } from "../../errors.ts";
import { bytesPerValue, type Dtype, toFloat32 } from "./floats.ts";
import type { Known, PickleValue } from "./pickle.ts";
import type { Tensor } from "./weights.ts";

/** The type of a storage's values. Integers are recognised, but not read. */
interface StorageType extends Known {
  readonly dtype: Dtype | "integer";
  readonly bytes: number;
}

/** The bytes of a storage; set by the reader of the file, at the latest before a tensor is read. */
export interface StorageBytes {
  bytes: Uint8Array;
}

interface Storage {
  readonly dtype: Dtype | "integer";
  readonly stored: StorageBytes;
}

/** An unchecked description of a tensor. */
export interface TensorOf {
  readonly storage: Storage;
  readonly offset: PickleValue;
  readonly sizes: PickleValue;
  readonly strides: PickleValue;
}

const float = (dtype: Dtype): StorageType => ({ dtype, bytes: bytesPerValue[dtype] });
const integer = (bytes: number): StorageType => ({ dtype: "integer", bytes });

/** The supported storages, by their global. */
export const storageTypes: ReadonlyMap<string, StorageType> = new Map([
  ["torch FloatStorage", float("F32")],
  ["torch HalfStorage", float("F16")],
  ["torch BFloat16Storage", float("BF16")],
  ["torch LongStorage", integer(8)],
  ["torch IntStorage", integer(4)],
  ["torch ShortStorage", integer(2)],
  ["torch CharStorage", integer(1)],
  ["torch ByteStorage", integer(1)],
  ["torch BoolStorage", integer(1)],
]);

const tensors = new WeakSet<object>();
const storages = new WeakSet<object>();
const maxRank = 8;

/** True for results of `rebuildTensor`. */
export function isTensorOf(value: PickleValue): value is TensorOf {
  return typeof value === "object" && value !== null && tensors.has(value);
}

/** torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks). */
export function rebuildTensor(args: readonly PickleValue[]): TensorOf {
  const [storage, offset, sizes, strides] = args;
  if (typeof storage !== "object" || storage === null || !storages.has(storage)) {
    throw new WeightsError("PyTorch file: a tensor has no storage");
  }
  const tensor = { storage: storage as Storage, offset, sizes, strides };
  tensors.add(tensor);
  return tensor;
}

/** torch._utils._rebuild_parameter(tensor, requires_grad, hooks): the tensor. */
export function parameterOf([tensor]: readonly PickleValue[]): TensorOf {
  if (!isTensorOf(tensor))
    throw new WeightsError("PyTorch file: expected a parameter to be a tensor");
  return tensor;
}

/** The storages of a file. */
export interface Storages {
  /** The storage of a persistent id: ("storage", type, key, location, number of values [, None]). */
  find(id: PickleValue): Storage;
  /** Reads a tensor of floats; `name` is for errors. */
  read(name: string, tensor: TensorOf): Tensor;
}

/**
 * @param fileBytes limit for the number of values in copies of non-contiguous tensors
 * @param bytesOf the bytes of a storage of `count` values, `each` bytes long; it may set them later, and throws a
 *   WeightsError if the file has no such storage
 */
export function createStorages(
  fileBytes: number,
  bytesOf: (key: string, count: number, each: number) => StorageBytes,
): Storages {
  // A storage is widened once, even if several tensors share it.
  const values = new Map<StorageBytes, Map<Dtype, Float32Array>>();
  let copied = 0;
  const valuesOf = ({ stored, dtype }: Storage): Float32Array => {
    const known = values.get(stored) ?? new Map<Dtype, Float32Array>();
    const found = known.get(dtype as Dtype) ?? toFloat32(stored.bytes, dtype as Dtype);
    values.set(stored, known.set(dtype as Dtype, found));
    return found;
  };
  return {
    find(id) {
      const [word, type, key, , count, view] = Array.isArray(id) ? (id as unknown[]) : [];
      const known = [...storageTypes.values()].find((candidate) => candidate === type);
      const isWhole = view === undefined || view === null;
      if (word !== "storage" || known === undefined || typeof key !== "string" || !isWhole) {
        throw new WeightsError("PyTorch file: expected a storage as torch.save describes it");
      }
      const stored = bytesOf(key, isSize(count) ? count : Number.NaN, known.bytes);
      const storage = { dtype: known.dtype, stored };
      storages.add(storage);
      return storage;
    },
    read(name, { storage, offset, sizes, strides }) {
      const fail = (problem: string) =>
        new WeightsError(`PyTorch file: tensor ${name}: ${problem}`);
      if (!isSize(offset) || !isSizes(sizes) || !isSizes(strides)) {
        throw fail("expected offset, sizes and strides to be sizes");
      }
      if (sizes.length > maxRank || strides.length !== sizes.length) {
        throw fail(`expected at most ${maxRank} sizes and as many strides`);
      }
      const data = valuesOf(storage);
      const count = sizes.reduce((a, b) => a * b, 1);
      const reach = sizes.reduce((a, size, i) => a + (size - 1) * (strides[i] as number), offset);
      // An expanded tensor (stride 0) has more values than its storage; trained weights have none.
      if (!(count <= data.length) || !(reach < data.length || count === 0)) {
        throw fail(`[${sizes}] does not fit its storage of ${data.length} values`);
      }
      if (isContiguous(sizes, strides)) {
        return { shape: sizes, data: data.subarray(offset, offset + count) };
      }
      copied += count;
      if (copied > fileBytes) throw fail("too many tensors share their storage");
      return { shape: sizes, data: gather(data, offset, sizes, strides, count) };
    },
  };
}

/** True for row-major tensors: each stride is the product of the sizes after it. Strides of sizes 1 do not matter. */
function isContiguous(sizes: readonly number[], strides: readonly number[]): boolean {
  if (sizes.includes(0)) return true;
  let expected = 1;
  for (let i = sizes.length - 1; i >= 0; i--) {
    if (sizes[i] !== 1 && strides[i] !== expected) return false;
    expected *= sizes[i] as number;
  }
  return true;
}

/** The values in row-major order; counts through the indices like an odometer. */
function gather(
  data: Float32Array,
  offset: number,
  sizes: readonly number[],
  strides: readonly number[],
  count: number,
): Float32Array {
  const result = new Float32Array(count);
  const index = sizes.map(() => 0);
  let at = offset;
  for (let i = 0; i < count; i++) {
    result[i] = data[at] as number;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      at += strides[axis] as number;
      index[axis] = (index[axis] as number) + 1;
      if (index[axis] !== sizes[axis]) break;
      at -= (sizes[axis] as number) * (strides[axis] as number);
      index[axis] = 0;
    }
  }
  return result;
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isSize);
}
