/**
 * `npm run test:gpu`: the parity suite of the nets and the contract of engines on WebGPU, on a software driver: slow,
 * and the same shaders. SwiftShader is in Debian's chromium-common, llvmpipe for OpenGL ES in libegl-mesa0. What is
 * missing is said, and skipped.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const install = "npm install --save-dev webgpu@0.6.2 @tensorflow/tfjs-backend-webgpu@4.22.0";
const swiftShader = process.env.VK_DRIVER_FILES ?? "/usr/lib/chromium/vk_swiftshader_icd.json";
const mesa = "/usr/share/glvnd/egl_vendor.d/50_mesa.json";

function run(engine, adapter, env) {
  for (const more of [["--parity"], ["--tiles", "20"]]) {
    const words = ["test/engine/run.js", engine, "--adapter", adapter, ...more];
    const { status } = spawnSync(process.execPath, words, {
      env: { ...process.env, ...env },
      stdio: "inherit",
    });
    if (status !== 0) process.exitCode = 1;
  }
}

const packages = ["webgpu", "@tensorflow/tfjs-backend-webgpu"];
if (packages.some((name) => !existsSync(`node_modules/${name}`))) {
  console.log(`skipped: ${packages.join(" or ")} is not installed; ${install}`);
} else {
  if (existsSync(mesa)) run("tfjs-webgpu", "llvmpipe", { EGL_PLATFORM: "surfaceless" });
  else console.log("skipped tfjs-webgpu: no Mesa for OpenGL ES; apt install libegl-mesa0");
  if (existsSync(swiftShader)) run("onnx-webgpu", "swiftshader", { VK_DRIVER_FILES: swiftShader });
  else console.log(`skipped onnx-webgpu: no ${swiftShader}; apt install chromium-common`);
}
