/**
 * Runs the contract of engines (contract.engine.ts) on one engine or more, wherever what they need is installed:
 *
 *   npm run test:engine -- tfjs-node-gpu
 *   npm run test:engine -- onnx-webgpu tfjs-webgpu --adapter swiftshader
 *
 * `npm run test:gpu` is the second, and the parity suite of the nets, on a software driver where there is one:
 * SwiftShader of Debian's chromium-common for Vulkan, Mesa's llvmpipe for OpenGL ES.
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
const env = {
  ...process.env,
  TEST_ENGINES: positionals.join(","),
  TEST_TILES: values.tiles,
  ...(values.adapter !== undefined && { TEST_ADAPTER: values.adapter }),
  ...(values.parity && { TEST_PARITY: "1" }),
};
const vitest = ["node_modules/vitest/vitest.mjs", "run", "--config", "vitest.engine.config.ts"];
const { status } = spawnSync(process.execPath, vitest, { env, stdio: "inherit" });
process.exit(status ?? 1);
