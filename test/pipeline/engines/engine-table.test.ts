/** Tests the order in which auto tries the engines. */
import { expect, it } from "vitest";
import { autoOrder, engineNames, engineTable } from "../../../src/pipeline/engines/engine-table.ts";

it("tries eight engines by auto, GPUs first", () => {
  expect(autoOrder).toEqual([
    "onnx-cuda",
    "tfjs-node-gpu",
    "onnx-directml",
    "onnx-webgpu",
    "tfjs-webgpu",
    "onnx",
    "tfjs-node",
    "tfjs-wasm",
  ]);
});

it("has the names and the rows in one order", () => {
  expect(Object.keys(engineTable)).toEqual(engineNames);
});
