import { expect, test } from "vitest";
import { lossOf } from "../../../src/model/engines/device-loss.ts";

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
