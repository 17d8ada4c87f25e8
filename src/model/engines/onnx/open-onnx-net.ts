/** Opens an image net of the ONNX format on ONNX Runtime, after a check of what it contains. */
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { WeightsError } from "../../../errors.ts";
import { formIn, sidesIn } from "../../image-nets/declared-form.ts";
import type { DeclaredForm, ImageNet, ImageNetRunner } from "../../image-nets/image-net.ts";
import { type OnnxModelFacts, type OnnxValue, readOnnxModel } from "../../onnx/read-model.ts";
import { fromFloat32, toFloat32 } from "../../weights/floats.ts";
import type { BackendSettings } from "../backend.ts";
import type { OpenedNet } from "../opened-net.ts";
import { loadOnnxRuntime } from "./load-runtime.ts";
import { openProvider } from "./open-provider.ts";
import type { OnnxEngineName } from "./providers.ts";

/**
 * Opens a model whose tensors are all in its own bytes.
 * @throws UnavailableError if ONNX Runtime or a requirement of the provider is missing; WeightsError if the model is
 *   invalid, or has other inputs than one image
 */
export async function openOnnxNet(
  engine: OnnxEngineName,
  net: ImageNet,
  settings: BackendSettings,
): Promise<OpenedNet> {
  const model = readOnnxModel(net.model);
  const { input, declared } = declaredBy(model);
  const ort = await loadOnnxRuntime();
  const provider = await openProvider(engine, ort, settings);
  const session = await provider.openSession(net.model).catch((cause: unknown) => {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new WeightsError(`ONNX Runtime cannot load the model: ${words}`, { cause });
  });
  const float16 = input.type === float16Type;
  const runner = runnerOf(session, (pixels, dims) =>
    float16
      ? new ort.Tensor("float16", halvesOf(fromFloat32(pixels, "F16")), dims)
      : new ort.Tensor("float32", pixels, dims),
  );
  const { precision, adapter } = provider;
  const version = `onnxruntime-node ${ort.env.versions.node}`;
  return { runner, declared, facts: { version, precision, adapter } };
}

/** Numbers of TensorProto.DataType. */
const [float32Type, float16Type] = [1, 10];

/** Names of other types, as in TensorProto.DataType. */
const otherTypes: Readonly<Record<number, string>> = {
  ...{ 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool" },
  ...{ 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16" },
};

function typeName(type: number | undefined): string {
  return type === undefined ? "no tensor" : (otherTypes[type] ?? `ONNX's type ${type}`);
}

/** Domains whose operators are part of ONNX Runtime. */
const knownDomains = ["", "com.microsoft"];

/** Operators that may repeat without end. */
const loops = [":Loop", ":Scan"];

/** The input of an image net, and the form its file declares. @throws WeightsError if it is no image net */
function declaredBy(model: OnnxModelFacts): {
  readonly input: OnnxValue;
  readonly declared: DeclaredForm;
} {
  const { inputs, outputs, operators, metadata, external, scalars } = model;
  const strange = [...operators].find((name) => !knownDomains.includes(name.split(":")[0] ?? ""));
  if (strange !== undefined) {
    throw new WeightsError(
      `Expected ONNX's own operators but the net needs ${JSON.stringify(strange.replace(":", "."))}`,
    );
  }
  const loop = loops.find((name) => operators.has(name));
  if (loop !== undefined) {
    throw new WeightsError(`Expected a net without loops but it has the operator ${loop.slice(1)}`);
  }
  if (external.length > 0) throw new WeightsError("Expected a model that holds its own tensors");
  const [input] = inputs;
  if (input === undefined || inputs.length > 1) {
    const names = inputs.map(({ name }) => JSON.stringify(name)).join(", ");
    throw new WeightsError(
      `Expected one input, the image, but the net has ${inputs.length}${names && `: ${names}`}`,
    );
  }
  if (outputs.length === 0) throw new WeightsError("Expected an output but the net has none");
  if (input.type !== float32Type && input.type !== float16Type) {
    throw new WeightsError(
      `Expected an input of float32 or float16 but it has ${typeName(input.type)}`,
    );
  }
  return { input, declared: { ...sidesIn(input.dims), ...formIn(metadata), scalars } };
}

function runnerOf(
  session: InferenceSession,
  tensorOf: (pixels: Float32Array<ArrayBuffer>, dims: number[]) => Tensor,
): ImageNetRunner {
  const [input = ""] = session.inputNames;
  return {
    async run(pixels, { layout, height, width }) {
      const dims = layout === "NCHW" ? [1, 3, height, width] : [1, height, width, 3];
      const image = tensorOf(pixels, dims);
      const results = await session.run({ [input]: image });
      image.dispose();
      const outputs = session.outputNames.flatMap((name) => results[name] ?? []);
      const found = outputs.find(
        ({ dims: its, type }) =>
          `${its}` === `${dims}` && (type === "float32" || type === "float16"),
      );
      const values = found && floatsOf(found);
      for (const output of outputs) output.dispose();
      return { values, outputs: outputs.map((it) => `[${it.dims.join(", ")}] ${it.type}`) };
    },
    dispose: () => session.release(),
  };
}

/** The values of a tensor of float32 or float16. */
function floatsOf({ type, data }: Tensor): Float32Array<ArrayBuffer> {
  if (type === "float32") return data as Float32Array<ArrayBuffer>;
  const { buffer, byteOffset, byteLength } = data as Uint16Array<ArrayBuffer>;
  return toFloat32(
    new Uint8Array(buffer, byteOffset, byteLength),
    "F16",
  ) as Float32Array<ArrayBuffer>;
}

/** Bytes of binary16 in the array that this Node.js has for them. */
function halvesOf({ buffer, byteOffset, byteLength }: Uint8Array): Uint16Array {
  // ONNX Runtime takes Float16Array where Node.js has it, from version 24 on.
  const Halves = (globalThis as { Float16Array?: typeof Uint16Array }).Float16Array ?? Uint16Array;
  return new Halves(buffer as ArrayBuffer, byteOffset, byteLength / 2);
}
