/** Compares the losses of MIMO-UNet and MPRNet, and a step's gradients by all weights, with PyTorch. */
import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import type { NetConfig } from "../../../src/model/config.ts";
import { exportParameters } from "../../../src/model/tfjs/parameters.ts";
import { mimoUnetLoss, mprNetLoss } from "../../../src/model/training/restorer-losses.ts";
import { settingsOf } from "../../../src/model/training/settings.ts";
import { type PairBatch, restoreStage } from "../../../src/model/training/stages.ts";
import { beginStage, gradientsOf, trainedNames } from "../../../src/model/training/train-step.ts";
import { prepareTraining } from "../../../src/model/training/trainer.ts";
import { readSafetensors } from "../../../src/model/weights/safetensors.ts";
import type { Tensor, Weights } from "../../../src/model/weights/weights.ts";
import { referenceRestorers, tensorOf } from "../../fixtures/reference.ts";
import { error } from "../compare.ts";
import { settingsOf as configIn } from "../nets/restorers.ts";
import "../consumers.ts";

const { tensors, metadata } = readSafetensors(
  readFileSync(new URL("../../fixtures/restorers/training-steps.safetensors", import.meta.url)),
);
/** [n, c, h, w] → [n, h, w, c]. */
const image = (name: string): tf.Tensor4D => {
  const { shape, data } = tensorOf(tensors, name);
  return tf.transpose(
    tf.tensor4d(data, [...shape] as [number, number, number, number]),
    [0, 2, 3, 1],
  );
};
const numberIn = (scalar: tf.Tensor): number => scalar.dataSync()[0] as number;

const nets = [
  {
    name: "mimounet",
    lossOf: ([full, half, quarter]: tf.Tensor4D[], sharp: tf.Tensor4D) =>
      mimoUnetLoss({ full, half, quarter } as Parameters<typeof mimoUnetLoss>[0], sharp),
  },
  { name: "mprnet", lossOf: mprNetLoss },
] as const;

/** The net of the fixture without its kernel attention. */
function plainNet(name: string): { config: NetConfig; weights: Weights } {
  const reference = referenceRestorers().find((net) => net.name === `${name}-kam-k3`);
  if (!reference) throw new Error(`there is no ${name}-kam-k3`);
  const weights = new Map([...reference.weights].filter(([key]) => !key.includes("kernel_")));
  return { config: { ...configIn(reference), kernelSize: 0 }, weights };
}

describe.each(nets)("$name", ({ name, lossOf }) => {
  describe.each(["wasm", "cpu"])("on %s", (backend) => {
    beforeAll(async () => {
      await prepareTraining();
      await tf.setBackend(backend);
    });

    it("the loss equals PyTorch's, and so do its gradients by every output", () => {
      const outputs = [0, 1, 2].map((i) => image(`${name}.output${i}`));
      const sharp = image(`${name}.sharp`);
      expect(numberIn(lossOf(outputs, sharp)) / Number(metadata[`${name}.loss`])).toBeCloseTo(1, 5);
      const gradients = tf.grads((...all: tf.Tensor[]) => lossOf(all as tf.Tensor4D[], sharp))(
        outputs,
      );
      for (const [i, gradient] of gradients.entries()) {
        const planes = tf.transpose(gradient, [0, 3, 1, 2]);
        const found = { shape: planes.shape, data: planes.dataSync<"float32">() };
        expect(error(found, tensorOf(tensors, `${name}.output${i}.gradient`))).toBeLessThan(2e-5);
      }
    });

    it("a step of stage restore has PyTorch's loss, and its gradients by all weights", async () => {
      const { config, weights } = plainNet(name);
      const stage = restoreStage(config, weights, "replicate");
      const state = beginStage(stage, weights, settingsOf("restore", config).optimizer);
      const planes = (key: string) =>
        tensorOf(tensors, `${name}.${key}`).data as Float32Array<ArrayBuffer>;
      const batch: PairBatch = {
        ...{ count: 2, size: 16, noise: undefined },
        ...{ sharp: planes("sharp"), blurry: planes("blurry") },
      };
      const { loss, gradients } = gradientsOf(stage, state, batch);
      expect(numberIn(loss) / Number(metadata[`${name}.step.loss`])).toBeCloseTo(1, 5);
      const published = await exportParameters(stage.graph, gradients);
      const names = trainedNames(stage).sort();
      const expected = tensorOf(tensors, `${name}.step.gradients`).data;
      let at = 0;
      for (const key of names) {
        const { shape, data } = published.get(key) as Tensor;
        const part: Tensor = { shape, data: expected.subarray(at, at + data.length) };
        // A squeezed channel may be off at all cells: its gradient is 0.
        const dead = part.data.every((value) => value === 0);
        if (dead)
          expect(
            data.every((value) => value === 0),
            key,
          ).toBe(true);
        else expect(error({ shape, data }, part), key).toBeLessThan(1e-4);
        at += data.length;
      }
      expect(at).toBe(expected.length);
    });
  });
});
