import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { installCommand, lossOf } from "../../../src/model/engines/runtime-failures.ts";
import { temporaryFolder } from "../../io/sources/images.ts";

test.each([
  "the WebGPU device is lost (unknown: GPU crash)",
  "Device was lost",
  "VK_ERROR_DEVICE_LOST",
  "DXGI_ERROR_DEVICE_REMOVED",
  "CUDA failure 719: unspecified launch failure",
  "CUDA error: an illegal memory access was encountered",
])("%j is recognised as a lost device", (message) => {
  expect(lossOf(new Error(message))).toBe("DeviceLostError");
});

test.each(["tensor 3 does not exist on the device", "CUDA failure 2: out of memory", "lost"])(
  "%j is not a lost device",
  (message) => {
    expect(lossOf(new Error(message))).toBe("Error");
  },
);

test.each([
  ["a project installs it as its own dependency", "/home/a/photos/node_modules/rx-deblur", ""],
  ["a global installation installs it globally", "/usr/lib/node_modules/rx-deblur", "-g "],
  ["the same on Windows", "C:\\Users\\a\\AppData\\Roaming\\npm\\node_modules\\rx-deblur", "-g "],
  [
    "a clone saves it for development, because npm skips it otherwise",
    "/home/a/rx-deblur",
    "--save-dev ",
  ],
])("%s", (_, folder, how) => {
  const file = `${folder}/dist/src/model/engines/dawn.js`;
  expect(installCommand("webgpu@0.6.2", file)).toBe(`npm install ${how}webgpu@0.6.2`);
});

test.each(["lib", "npm"])("a project named %s is no global installation", async (name) => {
  const project = join(await temporaryFolder(), name);
  await mkdir(project);
  await writeFile(join(project, "package.json"), "{}");
  const file = join(project, "node_modules", "rx-deblur", "dist", "src", "engine.js");
  expect(installCommand("webgpu@0.6.2", file)).toBe("npm install webgpu@0.6.2");
});
