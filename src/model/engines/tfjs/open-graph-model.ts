/** Opens an image net of TensorFlow.js's graph format on one of its backends. */
import type { GraphModel } from "@tensorflow/tfjs-converter";
import * as tf from "@tensorflow/tfjs-core";
import { WeightsError } from "../../../errors.ts";
import { formIn, sidesIn } from "../../image-nets/declared-form.ts";
import type { DeclaredForm, ImageNet, ImageNetRunner } from "../../image-nets/image-net.ts";
import { registerEinsum } from "../../tfjs/einsum.ts";
import { type GraphModelFacts, readGraphModel, scalarsIn } from "../../tfjs/read-graph-model.ts";
import type { BackendSettings } from "../backend.ts";
import type { OpenedNet } from "../opened-net.ts";
import { installCommand, unavailable } from "../runtime-failures.ts";
import type { TfjsEngineName } from "./engine-name.ts";
import type { TfjsRuntime } from "./runtime.ts";
import { startTfjs } from "./start.ts";

/**
 * Opens a graph model.
 * @throws UnavailableError if the backend or the converter is not available; WeightsError if the model is invalid, has
 *   operators that TensorFlow.js lacks, or other inputs than one image
 */
export async function openGraphModel(
  engine: TfjsEngineName,
  net: ImageNet,
  settings: BackendSettings,
): Promise<OpenedNet> {
  const facts = readGraphModel(net.model);
  const declared = declaredIn(facts, net.values);
  const { GraphModel } = await loadConverter();
  const runtime = await startTfjs(engine, settings.adapter);
  registerEinsum(tf.getBackend());
  const model = await runtime.run(async () => {
    const loaded = new GraphModel({ load: async () => artifactsOf(facts, net.values) });
    try {
      await loaded.load();
      return loaded;
    } catch (cause) {
      const words = cause instanceof Error ? cause.message : String(cause);
      throw new WeightsError(`TensorFlow.js cannot load the model: ${words}`, { cause });
    }
  });
  const { version, adapter } = runtime;
  return {
    runner: runnerOf(model, runtime),
    declared,
    facts: { version, precision: "float32", adapter },
  };
}

/** The form that a description declares. @throws WeightsError if its input is no image */
function declaredIn(facts: GraphModelFacts, values: Uint8Array): DeclaredForm {
  const { input, metadata } = facts;
  const dims = input.dims.length === 0 ? undefined : input.dims;
  return { ...sidesIn(dims), ...formIn(metadata), scalars: scalarsIn(facts, values) };
}

async function loadConverter(): Promise<typeof import("@tensorflow/tfjs-converter")> {
  try {
    const { default: converter } = (await import("@tensorflow/tfjs-converter")) as unknown as {
      default: typeof import("@tensorflow/tfjs-converter");
    };
    return converter;
  } catch (cause) {
    throw unavailable({
      problem: "graph models cannot be loaded",
      found: cause,
      needed: "@tensorflow/tfjs-converter 4.22.0",
      command: installCommand("@tensorflow/tfjs-converter@4.22.0"),
    });
  }
}

function artifactsOf({ description }: GraphModelFacts, values: Uint8Array): tf.io.ModelArtifacts {
  const { modelTopology, weightsManifest, signature } = description;
  return {
    modelTopology: { ...modelTopology },
    weightSpecs: weightsManifest.flatMap(({ weights }) => weights) as tf.io.WeightsManifestEntry[],
    weightData: values.slice().buffer,
    ...(signature && { signature: { ...signature } }),
  };
}

function runnerOf(model: GraphModel, runtime: TfjsRuntime): ImageNetRunner {
  return {
    run: (pixels, { layout, height, width }) =>
      runtime.run(async () => {
        const dims: [number, number, number, number] =
          layout === "NCHW" ? [1, 3, height, width] : [1, height, width, 3];
        const results = tf.tidy(() => {
          const made = model.execute(tf.tensor4d(pixels, dims));
          return Array.isArray(made) ? made : [made];
        });
        try {
          const found = results.find(
            ({ shape, dtype }) => `${shape}` === `${dims}` && dtype === "float32",
          );
          const values = (await found?.data<"float32">()) as Float32Array<ArrayBuffer> | undefined;
          return {
            values,
            outputs: results.map(({ shape, dtype }) => `[${shape.join(", ")}] ${dtype}`),
          };
        } finally {
          tf.dispose(results);
        }
      }),
    async dispose() {
      model.dispose();
      await runtime.dispose();
    },
  };
}
