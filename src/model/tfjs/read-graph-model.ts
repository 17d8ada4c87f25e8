/** Reads the description (model.json) of a graph model of TensorFlow.js, without its values. */
import { WeightsError } from "../../errors.ts";

/** One tensor of the description. */
interface StoredTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization?: { readonly dtype: string };
}

/** What a description says about the model. */
export interface GraphModelFacts {
  /** Names of the files of values, relative to the description's folder and not to be trusted, in order. */
  readonly paths: readonly string[];
  /** The bytes that all values take together. */
  readonly bytes: number;
  /** The number of values of all tensors. */
  readonly parameters: number;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The one input: undefined dimensions are known only at run time. */
  readonly input: { readonly name: string; readonly dims: readonly (number | undefined)[] };
  /** The parsed description, for the converter. */
  readonly description: GraphModelDescription;
}

/** The parts of a description that are read here. */
interface GraphModelDescription {
  readonly format: string;
  readonly modelTopology: {
    readonly node: readonly { readonly op: string; readonly name: string }[];
  };
  readonly weightsManifest: readonly {
    readonly paths: readonly string[];
    readonly weights: readonly StoredTensor[];
  }[];
  readonly signature?: { readonly inputs?: Readonly<Record<string, SignatureTensor>> };
  readonly userDefinedMetadata?: Readonly<Record<string, unknown>>;
}

interface SignatureTensor {
  readonly name: string;
  readonly dtype: string;
  readonly tensorShape?: { readonly dim?: readonly { readonly size: string }[] };
}

const bytesOf: Readonly<Record<string, number>> = {
  ...{ float32: 4, int32: 4, complex64: 8 },
  ...{ float16: 2, uint16: 2, uint8: 1, bool: 1 },
};

/** @throws WeightsError unless `bytes` describe a graph model with one input */
export function readGraphModel(bytes: Uint8Array): GraphModelFacts {
  const description = descriptionIn(bytes);
  const groups = description.weightsManifest;
  const tensors = groups.flatMap(({ weights }) => weights);
  let [total, parameters] = [0, 0];
  for (const { name, shape, dtype, quantization } of tensors) {
    const each = bytesOf[quantization?.dtype ?? dtype];
    const count = shape.reduce((a, b) => a * b, 1);
    if (each === undefined || !Number.isSafeInteger(count) || count < 0) {
      throw new WeightsError(
        `Expected numbers for ${JSON.stringify(name)} but it has type ${JSON.stringify(dtype)} and shape [${shape}]`,
      );
    }
    total += count * each;
    parameters += count;
  }
  return {
    paths: groups.flatMap(({ paths }) => paths),
    ...{ bytes: total, parameters, description },
    metadata: description.userDefinedMetadata ?? {},
    input: inputOf(description),
  };
}

/** The tensors of one float. */
export function scalarsIn({ description }: GraphModelFacts, values: Uint8Array): number[] {
  const found: number[] = [];
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  let at = 0;
  for (const { shape, dtype, quantization } of description.weightsManifest.flatMap(
    ({ weights }) => weights,
  )) {
    const count = shape.reduce((a, b) => a * b, 1);
    if (count === 1 && dtype === "float32" && quantization === undefined) {
      found.push(view.getFloat32(at, true));
    }
    at += count * (bytesOf[quantization?.dtype ?? dtype] as number);
  }
  return found;
}

function descriptionIn(bytes: Uint8Array): GraphModelDescription {
  let found: unknown;
  try {
    found = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new WeightsError("Expected a graph model of TensorFlow.js but found no JSON", { cause });
  }
  const { format, modelTopology, weightsManifest } = (found ??
    {}) as Partial<GraphModelDescription>;
  const kind = JSON.stringify(format) ?? "no format";
  if (format !== "graph-model") {
    throw new WeightsError(
      `Expected a graph model of TensorFlow.js (format "graph-model") but found ${kind}`,
    );
  }
  const isWhole =
    Array.isArray(modelTopology?.node) &&
    modelTopology.node.every((node) => isText(node?.op) && isText(node?.name)) &&
    Array.isArray(weightsManifest) &&
    weightsManifest.every(
      (group) =>
        Array.isArray(group?.paths) &&
        group.paths.every(isText) &&
        Array.isArray(group.weights) &&
        group.weights.every(
          (one: Partial<StoredTensor> | undefined) =>
            isText(one?.name) && Array.isArray(one.shape) && one.shape.every(Number.isInteger),
        ),
    );
  if (!isWhole) {
    throw new WeightsError(
      "Expected nodes and a list of values in the graph model but a part is missing or of another kind",
    );
  }
  return found as GraphModelDescription;
}

const isText = (value: unknown): value is string => typeof value === "string";

/** The placeholder that no constant feeds. */
function inputOf({ modelTopology, signature }: GraphModelDescription): GraphModelFacts["input"] {
  const placeholders = modelTopology.node.filter(({ op }) => op === "Placeholder");
  const [input] = placeholders;
  if (input === undefined || placeholders.length > 1) {
    throw new WeightsError(
      `Expected one input, the image, but the graph model has ${placeholders.length}`,
    );
  }
  const signed = Object.values(signature?.inputs ?? {}).find(
    ({ name }) => name === `${input.name}:0` || name === input.name,
  );
  if (signed !== undefined && signed.dtype !== "DT_FLOAT") {
    throw new WeightsError(`Expected an input of float32 but it has type ${signed.dtype}`);
  }
  const dims = (signed?.tensorShape?.dim ?? []).map(({ size }) => {
    const known = Number(size);
    return known > 0 ? known : undefined;
  });
  return { name: input.name, dims };
}
