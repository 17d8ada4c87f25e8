/** Tests operations on plain numbers, executed at once and by a runner of one's own. */
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, expect, it } from "vitest";
import {
  type HostOperation,
  onHost,
  setHostRunner,
} from "../../../src/model/tfjs/host-operation.ts";
import { useWasm } from "../../../src/model/tfjs/wasm-backend.ts";

beforeAll(useWasm);
afterEach(() => {
  setHostRunner((run) => run());
});

const doubled = (x: Float32Array) => x.map((value) => 2 * value) as Float32Array<ArrayBuffer>;

it("computes a tensor of the given shape from the inputs' numbers", () => {
  const x = tf.tensor1d([1, 2]);
  const y = onHost([x], doubled, [2, 1]);
  expect(y.shape).toEqual([2, 1]);
  expect([...y.dataSync()]).toEqual([2, 4]);
  tf.dispose([x, y]);
});

it("is run by the runner that was set, until another one is set", () => {
  const seen: HostOperation[] = [];
  const before = setHostRunner((run) => {
    const one = run();
    seen.push(one);
    return one;
  });
  const x = tf.tensor1d([3]);
  const y = onHost([x], doubled, [1]);
  expect(seen).toMatchObject([{ inputs: [x], output: y }]);
  setHostRunner(before);
  onHost([x], doubled, [1]).dispose();
  expect(seen).toHaveLength(1);
  tf.dispose([x, y]);
});
