/**
 * Reads weights from the files that torch.save writes (.pth, .pkl): zip archives, and the pickles in a row that
 * versions before 1.6 wrote. Pickles are interpreted with the few globals that a state dict and what trainers store
 * beside it need; no code is executed.
 */
import { WeightsError } from "../../errors.ts";
import { readLegacy } from "./legacy-pth.ts";
import { checkName, listed, printable } from "./names.ts";
import { type Known, type PickleValue, readPickle } from "./pickle.ts";
import {
  createStorages,
  isTensorOf,
  parameterOf,
  rebuildTensor,
  type StorageBytes,
  type Storages,
  storageTypes,
} from "./torch.ts";
import type { StoredWeights } from "./weights.ts";
import { readZip } from "./zip.ts";

/** Keys under which trainers store the state dict, best first; without them the file itself is one. */
const wrappers = ["params_ema", "params", "state_dict", "model"];

const globals: ReadonlyMap<string, Known> = new Map<string, Known>([
  ["collections OrderedDict", { call: emptyDict }],
  // The milestones of a schedule of learning rates.
  ["collections Counter", { call: counts }],
  ["torch._utils _rebuild_tensor_v2", { call: rebuildTensor }],
  ["torch._utils _rebuild_parameter", { call: parameterOf }],
  ["torch Size", { call: ([sizes]) => sizes }],
  ...storageTypes,
]);

/** True for files that start like a zip archive or a pickle, which readPth reads or rejects. */
export function isPth(bytes: Uint8Array): boolean {
  return (bytes[0] === 0x50 && bytes[1] === 0x4b && !isSafetensors(bytes)) || isPickle(bytes);
}

/**
 * The state dict under its published names (without `module.`). Integer tensors, which no net reads, are omitted.
 * Contiguous float32 shares `bytes`.
 * @throws WeightsError with the problem: in the archive, in the pickle, or in a tensor by its name
 */
export function readPth(bytes: Uint8Array): StoredWeights {
  const { value, storages } = isPickle(bytes) ? readLegacy(bytes, globals) : readArchive(bytes);
  const weights = { metadata: {}, tensors: new Map(), dtypes: new Map() };
  for (const [key, entry] of stateDict(value)) {
    if (typeof key !== "string")
      throw new WeightsError("PyTorch file: expected the names of tensors to be text");
    const name = key.replace(/^module\./, "");
    checkName(name);
    if (weights.tensors.has(name))
      throw new WeightsError(`PyTorch file: it contains ${name} twice`);
    if (!isTensorOf(entry)) {
      throw new WeightsError(`PyTorch file: expected ${name} to be a tensor`);
    }
    const { dtype } = entry.storage;
    if (dtype === "integer") continue;
    weights.tensors.set(name, storages.read(name, entry));
    weights.dtypes.set(name, dtype);
  }
  return weights;
}

/** The zip format: a pickle, and a record for each storage. */
function readArchive(bytes: Uint8Array): { value: PickleValue; storages: Storages } {
  const records = readZip(bytes);
  const pickles = [...records.keys()].filter((name) => /^([^/]+\/)?data\.pkl$/.test(name));
  const [pickle = ""] = pickles;
  if (pickles.length !== 1) {
    throw new WeightsError(`PyTorch file: expected one data.pkl but found ${pickles.length}`);
  }
  const root = pickle.slice(0, -"data.pkl".length);
  const order = records.get(`${root}byteorder`);
  if (order && new TextDecoder().decode(order.subarray(0, 16)).trim() !== "little") {
    throw new WeightsError("PyTorch file: expected byte order little");
  }
  const known = new Map<string, StorageBytes>();
  const storages = createStorages(bytes.length, (key, count, each) => {
    const record = records.get(`${root}data/${key}`);
    if (!record) throw new WeightsError(`PyTorch file: storage ${printable(key)} is missing`);
    if (record.length !== count * each) {
      throw new WeightsError(
        `PyTorch file: expected ${count * each} bytes in storage ${printable(key)} but found ${record.length}`,
      );
    }
    const stored = known.get(key) ?? { bytes: record };
    known.set(key, stored);
    return stored;
  });
  const { find: persistent } = storages;
  return {
    value: readPickle(records.get(pickle) as Uint8Array, { globals, persistent }),
    storages,
  };
}

function stateDict(value: PickleValue): Map<PickleValue, PickleValue> {
  if (value instanceof Map) {
    for (const wrapper of wrappers) {
      const inner: unknown = value.get(wrapper);
      if (inner instanceof Map) return inner;
    }
    if ([...value.values()].some(isTensorOf)) return value;
    const keys = [...value.keys()].filter((key) => typeof key === "string").map(printable);
    throw new WeightsError(
      `PyTorch file: expected tensors under ${wrappers.join(", ")} but found ${listed(keys) || "nothing"}`,
    );
  }
  throw new WeightsError("PyTorch file: expected a dict of tensors; save the model's state_dict()");
}

function emptyDict(args: readonly PickleValue[]): Map<PickleValue, PickleValue> {
  if (args.length > 0)
    throw new WeightsError("PyTorch file: expected an OrderedDict without arguments");
  return new Map();
}

/** collections.Counter(dict). */
function counts([dict]: readonly PickleValue[]): PickleValue {
  if (!(dict instanceof Map)) throw new WeightsError("PyTorch file: expected a Counter of a dict");
  return dict;
}

/** True for a pickle without an archive around it. */
function isPickle(bytes: Uint8Array): boolean {
  return bytes[0] === 0x80 && (bytes[1] ?? 0) <= 5 && !isSafetensors(bytes);
}

/** The length at the start of a safetensors file may look like any magic number, but its header follows. */
function isSafetensors(bytes: Uint8Array): boolean {
  return bytes[8] === "{".charCodeAt(0);
}
