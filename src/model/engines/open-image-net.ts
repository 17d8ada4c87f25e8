/** Implements a backend for an image net: tiles are padded to the sides it takes, and its kernels are empty. */
import { freeBuffers } from "../../free-buffers.ts";
import { findForm } from "../image-nets/find-form.ts";
import {
  formWords,
  type ImageNet,
  type ImageNetForm,
  type ImageNetRunner,
} from "../image-nets/image-net.ts";
import { fromNet, netSides, toNet } from "../image-nets/net-pixels.ts";
import type { Backend, BackendFacts, BackendSettings } from "./backend.ts";
import { isOnnxEngine } from "./onnx/providers.ts";
import type { BackendName } from "./protocol.ts";

/** An image on this side of the runtime: it is uploaded anew in each call. */
interface HostImage {
  readonly pixels: Float32Array<ArrayBuffer>;
  readonly shape: [number, number, number, number];
}

/** Tiles and halos are multiples of this for every net, as the command's options are. */
const tileStep = 16;

/**
 * Opens an image net and finds out its form by a trial.
 * @throws UnavailableError if the runtime is not available; WeightsError if the file is invalid, or no image net
 */
export async function openImageNet(
  backend: BackendName,
  net: ImageNet,
  settings: BackendSettings,
): Promise<Backend<HostImage>> {
  const { runner, declared, facts } = isOnnxEngine(backend)
    ? await import("./onnx/open-onnx-net.ts").then((it) => it.openOnnxNet(backend, net, settings))
    : await import("./tfjs/open-graph-model.ts").then((it) =>
        it.openGraphModel(backend, net, settings),
      );
  try {
    const form = await findForm(runner, { ...declared, range: net.range ?? declared.range });
    return { ...facts, ...tilesFor(form), ...callsOf(runner, form) };
  } catch (error) {
    await runner.dispose();
    throw error;
  }
}

/** Alignment and tiles that suit a net of this form. */
function tilesFor(
  form: ImageNetForm,
): Pick<BackendFacts, "alignment" | "largestTile" | "usualTiles" | "kernelField" | "net"> {
  const { multiple, fixed } = form;
  const alignment = leastCommonMultiple(tileStep, multiple);
  const down = (side: number) => Math.floor(side / alignment) * alignment;
  const largest = fixed && Math.max(alignment, down(Math.min(...fixed)));
  const tile = largest ?? Math.max(3 * alignment, down(512));
  return {
    ...{ alignment, kernelField: undefined, net: formWords(form) },
    largestTile: largest,
    usualTiles: { tile, halo: haloOf(tile, alignment) },
  };
}

/** An eighth of the tile, for nets see far: at most 64 pixels, and a multiple of the alignment. */
function haloOf(tile: number, alignment: number): number {
  const wanted = Math.ceil(Math.min(64, tile / 8) / alignment) * alignment;
  const most = Math.floor((tile / alignment - 1) / 2) * alignment;
  return Math.min(wanted, most);
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return (a / x) * b;
}

type Calls = Omit<Backend<HostImage>, keyof BackendFacts>;

function callsOf(runner: ImageNetRunner, form: ImageNetForm): Calls {
  const nothing = async (): Promise<HostImage> => empty;
  return {
    upload: (pixels, height, width) => ({ pixels, shape: [1, 3, height, width] }),
    estimateKernels: async () => ({ code: empty, sigma: empty }),
    decodeFlow: nothing,
    deconvolve: nothing,
    async restore({ pixels, shape: [, , height, width] }) {
      const sides = [height, width] as const;
      const [netHeight, netWidth] = netSides(form, height, width);
      const size = { layout: form.layout, height: netHeight, width: netWidth };
      const { values } = await runner.run(toNet(pixels, sides, form), size);
      if (values === undefined)
        throw new Error(`the net returned another size for ${width}×${height}`);
      const residual = fromNet(values, sides, form);
      freeBuffers(values);
      for (let i = 0; i < residual.length; i++) {
        residual[i] = (residual[i] as number) - (pixels[i] as number);
      }
      return residual;
    },
    shape: ({ shape }) => shape,
    read: async ({ pixels }) => pixels,
    release: ({ pixels }) => freeBuffers(pixels),
    dispose: () => runner.dispose(),
  };
}

const empty: HostImage = { pixels: new Float32Array(), shape: [1, 0, 0, 0] };
