/**
 * Compares one step of each stage with PyTorch: equal weights, batch and noise must give equal loss, gradients and
 * weights.
 */
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, it } from "vitest";
import { registerGradients } from "../../../src/model/tfjs/register-gradients.ts";
import { useWasm } from "../../../src/model/tfjs/wasm-backend.ts";
import { expectStepOfPyTorch, stageNames } from "./step-of-pytorch.ts";
import "../consumers.ts";

registerGradients();

describe.each(["wasm", "cpu"])("on %s", (backend) => {
  beforeAll(async () => {
    if (backend === "wasm") await useWasm();
    else await tf.setBackend("cpu");
  });

  it.each(stageNames)("a step of stage %s equals PyTorch's", (name) => expectStepOfPyTorch(name));
});
