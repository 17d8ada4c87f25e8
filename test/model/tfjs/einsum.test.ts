/** Tests our Einsum for wasm against that of TensorFlow.js's own processor backend. */
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { productOf, registerEinsum } from "../../../src/model/tfjs/einsum.ts";
import { useWasm } from "../../../src/model/tfjs/wasm-backend.ts";

const size: Record<string, number> = { a: 2, b: 3, c: 4, d: 5, f: 6, g: 1 };
const shapeOf = (letters: string) => [...letters].map((letter) => size[letter] as number);

async function both(equation: string): Promise<[Float32Array, Float32Array]> {
  const [, first = "", second = ""] = /^(\w*),(\w*)->/.exec(equation) ?? [];
  const values = (shape: number[], seed: number) =>
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) =>
      Math.sin(seed + 3 * i),
    );
  const compute = async (einsum: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor) => {
    const a = tf.tensor(values(shapeOf(first), 1), shapeOf(first));
    const b = tf.tensor(values(shapeOf(second), 2), shapeOf(second));
    const result = einsum(a, b);
    const found = (await result.data()) as Float32Array;
    tf.dispose([a, b, result]);
    return found;
  };
  await tf.setBackend("cpu");
  const reference = await compute((a, b) => tf.einsum(equation, a, b));
  await tf.setBackend("wasm");
  const { numTensors } = tf.memory();
  const ours = await compute((a, b) => tf.einsum(equation, a, b));
  expect(tf.memory().numTensors).toBe(numTensors);
  return [ours, reference];
}

beforeAll(async () => {
  await useWasm();
  registerEinsum("wasm");
});

describe("Einsum on wasm", () => {
  test.each([
    "abcg,gf->abcf",
    "abcd,cf->abfd",
    "abcd,bf->afcd",
    "ab,bc->ac",
    "abc,acd->abd",
    "abc,adc->abd",
    "abc,abc->abc",
    "abc,abc->",
    "ab,cd->abcd",
    "ab,cd->dbca",
    "abd,bc->ac",
    "abf,cb->fca",
  ])("%s is that of the processor backend", async (equation) => {
    const [ours, reference] = await both(equation);
    expect(ours.length).toBe(reference.length);
    for (const [i, value] of reference.entries()) expect(ours[i]).toBeCloseTo(value, 4);
  });

  test("refuses what is no product of two tensors", () => {
    const a = tf.zeros([2, 3]);
    expect(() => productOf("ab->ba", [a])).toThrow("product of two tensors");
    expect(() => productOf("ab,bc->ac", [a, tf.zeros([4, 2])])).toThrow("two sizes of b");
    expect(() => productOf("aa,ab->b", [a, a])).toThrow("does not fit");
    expect(() => productOf("abc,ab->c", [a, a])).toThrow("does not fit");
  });
});
