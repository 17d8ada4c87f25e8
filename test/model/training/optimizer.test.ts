/** Tests the first steps, the average, and the learning rate over a run, which the reference steps do not cover. */
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  descend,
  initialState,
  type OptimizerSettings,
} from "../../../src/model/training/optimizer.ts";
import { learningRate } from "../../../src/model/training/settings.ts";
import { prepareTraining } from "../../../src/model/training/trainer.ts";

const settings: OptimizerSettings = {
  ...{ beta1: 0.9, beta2: 0.9, epsilon: 1e-8, weightDecay: 0 },
  ...{ clipNorm: 1, average: 0.99 },
};

beforeAll(() => prepareTraining());

describe("descend", () => {
  it("moves every weight by the learning rate first, against its gradient, however large", () => {
    const begun = initialState(new Map([["w", tf.tensor1d([1, 2, 3])]]), new Map(), settings);
    const gradients = new Map([["w", tf.tensor1d([1e-3, -50, 2])]]);
    const { state } = descend(begun, gradients, 0.25, settings);
    const moved = [...(state.weights.get("w") as tf.Tensor).dataSync()];
    for (const [i, weight] of [0.75, 2.25, 2.75].entries()) expect(moved[i]).toBeCloseTo(weight, 3);
  });

  it("averages the weights over the steps so far, and eventually with 0.99", () => {
    let state = initialState(new Map([["w", tf.tensor1d([0])]]), new Map(), settings);
    let average = 0;
    for (let iteration = 1; iteration <= 30; iteration++) {
      state = descend(state, new Map([["w", tf.tensor1d([1])]]), 0.1, settings).state;
      const kept = Math.min(0.99, (1 + iteration) / (10 + iteration));
      average +=
        (1 - kept) * (((state.weights.get("w") as tf.Tensor).dataSync()[0] as number) - average);
      expect(state.average.get("w")?.dataSync()[0]).toBeCloseTo(average, 5);
    }
    expect(state.iteration).toBe(30);
  });
});

describe("the learning rate", () => {
  const schedule = { rate: 1e-3, warmUp: 20, iterations: 400 };

  it("rises linearly, falls along a cosine, and ends at 1e-7", () => {
    expect(learningRate(schedule, 0)).toBeCloseTo(5e-5, 12);
    expect(learningRate(schedule, 19)).toBeCloseTo(1e-3, 12);
    expect(learningRate(schedule, 210)).toBeCloseTo((1e-3 + 1e-7) / 2, 12);
    expect(learningRate(schedule, 400)).toBeCloseTo(1e-7, 12);
  });

  it("never falls while warming up, never rises afterwards, and stays within its ends", () => {
    const run = fc.record({
      rate: fc.double({ min: 1e-6, max: 1, noNaN: true }),
      warmUp: fc.integer({ min: 1, max: 50 }),
      iterations: fc.integer({ min: 1, max: 2000 }),
    });
    fc.assert(
      fc.property(run, fc.nat(2000), (of, iteration) => {
        const [now, next] = [learningRate(of, iteration), learningRate(of, iteration + 1)];
        if (iteration + 1 < of.warmUp) expect(next).toBeGreaterThan(now);
        else if (iteration >= of.warmUp) expect(next).toBeLessThanOrEqual(now);
        expect(now).toBeGreaterThan(0);
        expect(now).toBeLessThanOrEqual(of.rate * (1 + 1e-12));
      }),
    );
  });
});
