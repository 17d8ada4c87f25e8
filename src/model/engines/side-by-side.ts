/**
 * Two engines of one net as one. Much of a tile's time goes by in operations too small to occupy every core, or
 * that run on one; a second tile fills those gaps. The second engine is opened when tiles queue up.
 */
import type { DeviceTensor, Engine } from "../engine.ts";
import { createLane } from "./lane.ts";

/** A picture of fewer tiles is done before a second engine would have paid for its start. */
const worthIt = 5;

/**
 * Owns `first` and what `openSecond` opens, an engine of the same settings and weights. Where no second one can
 * be had, the first goes on alone. Never more than one tile at a time in flight: the second is never opened.
 */
export function sideBySide(first: Engine, openSecond: () => Promise<Engine>): Engine {
  const engines = [first];
  let opening: Promise<void> | undefined;
  let disposed: Promise<void> | undefined;

  const lane = createLane((entered) => {
    if (entered < worthIt || disposed !== undefined) return;
    opening ??= openSecond().then(
      (second) => {
        engines.push(second);
        lane.widen();
      },
      () => {},
    );
  });

  // Whose tensor it is stands in its number's last bit.
  const outer = ({ id, shape }: DeviceTensor, engine: Engine): DeviceTensor => ({
    id: 2 * id + engines.indexOf(engine),
    shape,
  });
  const engineOf = ({ id }: DeviceTensor): Engine => engines[id % 2] as Engine;
  const inner = ({ id, shape }: DeviceTensor): DeviceTensor => ({ id: Math.floor(id / 2), shape });
  // Tiles that were handed over and whose images have no handle yet.
  const coming = new Map<Engine, number>();
  const load = (engine: Engine): number => engine.liveHandles() + (coming.get(engine) ?? 0);
  const idlest = (): Engine => engines.reduce((a, b) => (load(b) < load(a) ? b : a), first);

  return {
    identity: first.identity,
    alignment: first.alignment,
    kernelField: first.kernelField,
    lane,
    async upload(pixels, height, width) {
      const engine = idlest();
      const change = (by: number) => coming.set(engine, (coming.get(engine) ?? 0) + by);
      change(1);
      try {
        return outer(await engine.upload(pixels, height, width), engine);
      } finally {
        change(-1);
      }
    },
    async estimateKernels(image) {
      const engine = engineOf(image);
      const { code, sigma } = await engine.estimateKernels(inner(image));
      return { code: outer(code, engine), sigma: outer(sigma, engine) };
    },
    async decodeFlow({ code, sigma }, origin) {
      const engine = engineOf(code);
      const codes = { code: inner(code), sigma: inner(sigma) };
      return outer(await engine.decodeFlow(codes, origin), engine);
    },
    restore: (image, kernels) => engineOf(image).restore(inner(image), inner(kernels)),
    download: (tensor) => engineOf(tensor).download(inner(tensor)),
    sample: (tensor, cells) => engineOf(tensor).sample(inner(tensor), cells),
    release(...tensors) {
      for (const tensor of tensors) engineOf(tensor).release(inner(tensor));
    },
    liveHandles: () => engines.reduce((sum, engine) => sum + engine.liveHandles(), 0),
    dispose() {
      const second = async () => {
        await opening;
        await engines[1]?.dispose();
      };
      disposed ??= Promise.all([first.dispose(), second()]).then(() => {});
      return disposed;
    },
  };
}
