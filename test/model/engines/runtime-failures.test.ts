import { expect, test } from "vitest";
import { installCommand, lossOf } from "../../../src/model/engines/runtime-failures.ts";

test.each([
  "the WebGPU device is lost (unknown: GPU crash)",
  "Device was lost",
  "VK_ERROR_DEVICE_LOST",
  "DXGI_ERROR_DEVICE_REMOVED",
  "CUDA failure 719: unspecified launch failure",
  "CUDA error: an illegal memory access was encountered",
])("a lost device is told by the words of %j", (message) => {
  expect(lossOf(new Error(message))).toBe("DeviceLostError");
});

test.each(["there is no tensor 3 on the device", "CUDA failure 2: out of memory", "lost"])(
  "%j is none",
  (message) => {
    expect(lossOf(new Error(message))).toBe("Error");
  },
);

test.each([
  ["a project gets it as it got this one", "/home/a/photos/node_modules/rx-deblur", ""],
  ["one installed globally goes on globally", "/usr/lib/node_modules/rx-deblur", "-g "],
  ["so on Windows", "C:\\Users\\a\\AppData\\Roaming\\npm\\node_modules\\rx-deblur", "-g "],
  ["a clone saves it for development, or npm passes over it", "/home/a/rx-deblur", "--save-dev "],
])("%s", (_, folder, how) => {
  const file = `${folder}/dist/src/model/engines/dawn.js`;
  expect(installCommand("webgpu@0.6.2", file)).toBe(`npm install ${how}webgpu@0.6.2`);
});
