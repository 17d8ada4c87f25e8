/**
 * Runs what engines promise (contract.engine.ts), and those of TensorFlow.js that train (training.engine.ts), on one
 * engine or more, wherever what they need is installed:
 *
 *   npm run test:engine -- tfjs-node-gpu
 *   npm run test:engine -- onnx-webgpu tfjs-webgpu --adapter swiftshader
 *   npm run test:engine -- tfjs-node-gpu --adapter cpu
 *
 * The last computes on the processor with the package for GPUs; test/engine/build-tensorflow.sh builds it where npm
 * cannot fetch its library. With --parity it runs the parity suite of the nets (test/model/nets) on them, which knows
 * those of WebGPU and of TensorFlow.
 */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    adapter: { type: "string" },
    tiles: { type: "string", default: "60" },
    parity: { type: "boolean", default: false },
  },
});
if (positionals.length === 0) {
  console.error("npm run test:engine -- ENGINE … [--adapter NAME] [--tiles N] [--parity]");
  process.exit(2);
}
const engines = positionals.join(",");
const env = {
  ...process.env,
  TEST_ENGINES: engines,
  TEST_TILES: values.tiles,
  ...(values.adapter !== undefined && { TEST_ADAPTER: values.adapter }),
  ...(values.parity && { TEST_PARITY: engines }),
};
const vitest = ["node_modules/vitest/vitest.mjs", "run", "--config", "vitest.engine.config.ts"];
const { status } = spawnSync(process.execPath, vitest, { env, stdio: "inherit" });
process.exit(status ?? 1);
