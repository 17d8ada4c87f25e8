/**
 * The built command line with an engine that misbehaves: `node planted-deblur.js FAULT IN -o OUT …`. Plain
 * JavaScript, because a process of Node 20 cannot load TypeScript.
 *
 * When it restores tile number AT_TILE, counted from 1, it sends itself SIGNAL. That tile and later ones wait until
 * the file HELD_UNTIL exists.
 */
import { appendFileSync, existsSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { main } from "../../dist/src/cli/main.js";
import { openCopyEngine } from "../../dist/src/model/engines/copy.js";

const never = () => new Promise(() => {});
const filled = ([, channels, height, width], value) =>
  new Float32Array(channels * height * width).fill(value);

/** What each fault does to the copy engine; restoring fails at the second tile. */
const faults = {
  none: () => ({}),
  failing: ({ restore }) => ({
    restore: onSecond(restore, async () => {
      throw new Error("the device is on fire");
    }),
  }),
  "failing-early": ({ estimateKernels }) => ({
    estimateKernels: onSecond(estimateKernels, async () => {
      throw new Error("the device\nis on fire");
    }),
  }),
  nan: ({ restore }) => ({
    restore: onSecond(restore, async ({ shape }) => ({
      residual: filled(shape, Number.NaN),
      rms: Number.NaN,
    })),
  }),
  huge: ({ restore }) => ({
    restore: onSecond(restore, async ({ shape }) => ({ residual: filled(shape, 1), rms: 1 })),
  }),
  /** Every tile takes a while and comes out otherwise; a byte goes to the file RESTORED for each. */
  changing: ({ identity, upload, restore }) => {
    const seen = new Map();
    return {
      identity: {
        ...identity,
        version: process.env.IDENTITY_VERSION ?? identity.version,
        threads: Number(process.env.IDENTITY_THREADS ?? 1),
      },
      async upload(pixels, height, width) {
        const image = await upload(pixels, height, width);
        seen.set(image.id, pixels);
        return image;
      },
      async restore(image, kernels) {
        await wait(Number(process.env.TILE_MS ?? 0));
        const { residual, rms } = await restore(image, kernels);
        const pixels = seen.get(image.id);
        seen.delete(image.id);
        // What a tile sees decides on all of it, so that seams are between different values.
        const mean = pixels.reduce((sum, x) => sum + x, 0) / pixels.length;
        for (let i = 0; i < residual.length; i++) residual[i] = (mean - pixels[i]) * 0.3;
        if (process.env.RESTORED) appendFileSync(process.env.RESTORED, ".");
        return { residual, rms };
      },
    };
  },
  /** Adds what a pixel differs from the four around it: a net that sees one pixel around. */
  sharpening: ({ upload, restore }) => {
    const seen = new Map();
    return {
      async upload(pixels, height, width) {
        const image = await upload(pixels, height, width);
        seen.set(image.id, pixels);
        return image;
      },
      async restore(image, kernels) {
        const { residual, rms } = await restore(image, kernels);
        const pixels = seen.get(image.id);
        seen.delete(image.id);
        const [, , height, width] = image.shape;
        for (let i = 0; i < residual.length; i++) {
          const [x, y] = [i % width, Math.floor(i / width) % height];
          const [left, right] = [x > 0 ? 1 : 0, x < width - 1 ? 1 : 0];
          const [above, below] = [y > 0 ? width : 0, y < height - 1 ? width : 0];
          const around =
            pixels[i - left] + pixels[i + right] + pixels[i - above] + pixels[i + below];
          residual[i] = 0.4 * (pixels[i] - around / 4);
        }
        return { residual, rms };
      },
    };
  },
  "broken-tile": (engine) =>
    onOneTile(engine, async () => {
      throw new Error("the device is on fire");
    }),
  /** As where pooling over a window of nothing divides by next to nothing. */
  "exploding-tile": (engine) =>
    onOneTile(engine, async ({ shape }) => ({ residual: filled(shape, 1), rms: 1 })),
  /** Tiles that hold a white pixel come out rough. */
  spoiling: ({ upload, restore }) => {
    const white = new Set();
    return {
      async upload(pixels, height, width) {
        const holds = pixels.includes(1);
        const image = await upload(pixels, height, width);
        if (holds) white.add(image.id);
        return image;
      },
      async restore(image, kernels) {
        const { residual, rms } = await restore(image, kernels);
        if (white.has(image.id)) for (let i = 0; i < residual.length; i += 2) residual[i] = -0.1;
        return { residual, rms };
      },
    };
  },
  broken: () => ({
    async restore() {
      throw new Error("the device is on fire");
    },
  }),
  /** When at least one tile is stored: no more than three are in flight. */
  "out-of-memory": ({ restore }) => ({
    restore: onCall(6, restore, async () => {
      throw new Error("std::bad_alloc");
    }),
  }),
  hanging: ({ restore }) => ({ restore: onSecond(restore, never) }),
  slow: ({ restore }) => ({
    async restore(image, kernels) {
      await wait(200);
      return restore(image, kernels);
    },
  }),
  endless: ({ restore }) => ({
    async restore(image, kernels) {
      await wait(200);
      return restore(image, kernels);
    },
    dispose() {
      setInterval(() => {}, 1000);
      return never();
    },
  }),
};

/** The third tile goes wrong as often as it is tried. */
function onOneTile({ upload, restore }, fault) {
  const corners = new Map();
  let broken;
  let calls = 0;
  return {
    async upload(pixels, height, width) {
      const corner = pixels.slice(0, 8).join();
      const image = await upload(pixels, height, width);
      corners.set(image.id, corner);
      return image;
    },
    async restore(image, kernels) {
      await wait(Number(process.env.TILE_MS ?? 0));
      const corner = corners.get(image.id);
      if (++calls === 3) broken = corner;
      return corner === broken ? fault(image) : restore(image, kernels);
    },
  };
}

function onSecond(call, fault) {
  return onCall(2, call, fault);
}

function onCall(n, call, fault) {
  let calls = 0;
  return (...args) => (++calls === n ? fault(...args) : call(...args));
}

function atTile({ restore, ...engine }) {
  const { AT_TILE = Number.POSITIVE_INFINITY, SIGNAL, HELD_UNTIL } = process.env;
  let tiles = 0;
  return {
    ...engine,
    async restore(image, kernels) {
      const tile = ++tiles;
      if (tile === Number(AT_TILE) && SIGNAL) process.kill(process.pid, SIGNAL);
      while (tile >= Number(AT_TILE) && HELD_UNTIL && !existsSync(HELD_UNTIL)) await wait(10);
      return restore(image, kernels);
    },
  };
}

const [name, ...argv] = process.argv.slice(2);
process.exitCode = await main(argv, {
  async openEngine() {
    const engine = openCopyEngine();
    return { engine: atTile({ ...engine, ...faults[name](engine) }), preset: undefined };
  },
});
