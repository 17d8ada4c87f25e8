/**
 * The built command line with an engine that misbehaves: `node planted-deblur.js FAULT IN -o OUT …`. Plain
 * JavaScript, because a process of Node 20 cannot load TypeScript.
 */
import { setTimeout as wait } from "node:timers/promises";
import { openCopyEngine } from "../../dist/src/model/engines/copy.js";
import { main } from "../../dist/src/pipeline/cli.js";

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

function onSecond(call, fault) {
  let calls = 0;
  return (...args) => (++calls === 2 ? fault(...args) : call(...args));
}

const [name, ...argv] = process.argv.slice(2);
process.exitCode = await main(argv, {
  async openEngine() {
    const engine = openCopyEngine();
    return { engine: { ...engine, ...faults[name](engine) }, preset: undefined };
  },
});
