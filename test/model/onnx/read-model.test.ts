/** Tests what is read from ONNX files made by PyTorch and by the package onnx, and from damaged ones. */
import { readFile } from "node:fs/promises";
import fc from "fast-check";
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { WeightsError } from "../../../src/errors.ts";
import { inlineTensors } from "../../../src/model/onnx/inline-tensors.ts";
import { readOnnxModel } from "../../../src/model/onnx/read-model.ts";

const fixture = async (name: string): Promise<Uint8Array> =>
  new Uint8Array(await readFile(new URL(`../../fixtures/nets/${name}`, import.meta.url)));

describe("an ONNX model", () => {
  test("of PyTorch says its input, operators and parameters", async () => {
    const model = readOnnxModel(await fixture("planar.onnx"));
    expect(model.producer).toBe("pytorch");
    expect(model.inputs).toEqual([{ name: "image", type: 1, dims: [1, 3, undefined, undefined] }]);
    expect(model.outputs.map(({ name }) => name)).toEqual(["restored"]);
    expect([...model.operators].sort()).toEqual([":Add", ":Conv", ":Mul", ":Relu", ":Tanh"]);
    // Two convs, whose biases are zero and left out, and the factor.
    expect(model.parameters).toBe(8 * 27 + 3 * 72 + 1);
    expect(model.external).toEqual([]);
  });

  test("of the package onnx says its type and metadata", async () => {
    const { inputs, metadata } = readOnnxModel(await fixture("halves.onnx"));
    expect(inputs).toEqual([
      { name: "picture", type: 10, dims: [undefined, undefined, undefined, 3] },
    ]);
    expect(metadata).toEqual({ image_range: "-1..1", image_multiple: "1" });
  });

  test("names operators of other domains, and those inside of loops", async () => {
    expect(readOnnxModel(await fixture("bad/custom-operator.onnx")).operators).toContain(
      "org.example:Deblur",
    );
    const { operators } = readOnnxModel(await fixture("bad/endless-loop.onnx"));
    expect([...operators].sort()).toEqual([":Identity", ":Loop"]);
  });

  test("with its tensors in another file computes the same once they are moved in", async () => {
    const outside = await fixture("outside.onnx");
    const data = await fixture("outside.onnx.data");
    const { external } = readOnnxModel(outside);
    expect(external.length).toBeGreaterThan(0);
    const values = new Map(
      external.map(({ name, offset, length = data.length }) => [
        name,
        data.subarray(offset, offset + length),
      ]),
    );
    const whole = inlineTensors(outside, values);
    expect(readOnnxModel(whole).external).toEqual([]);
    const image = new ort.Tensor(
      "float32",
      Float32Array.from({ length: 3 * 20 * 16 }, (_, i) => Math.abs(Math.sin(i))),
      [1, 3, 20, 16],
    );
    const [moved, planar] = await Promise.all(
      [whole, await fixture("planar.onnx")].map(async (model) => {
        const session = await ort.InferenceSession.create(model, { logSeverityLevel: 3 });
        return (await session.run({ image }))["restored"]?.data as Float32Array;
      }),
    );
    expect(moved).toEqual(planar);
  });

  test("that is damaged anywhere is refused or read, never anything else", async () => {
    const names = ["planar", "outside", "bytes", "bad/endless-loop", "bad/too-short"];
    const models = await Promise.all(names.map((name) => fixture(`${name}.onnx`)));
    let refused = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...models),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 8 }),
        fc.nat(),
        (model, changes, cut) => {
          const damaged = model.slice(0, cut % 3 === 0 ? cut % model.length : model.length);
          for (const [at, value] of changes) damaged[at % damaged.length] = value;
          try {
            const { external } = readOnnxModel(damaged);
            inlineTensors(damaged, new Map(external.map(({ name }) => [name, new Uint8Array(4)])));
          } catch (error) {
            expect(error).toBeInstanceOf(WeightsError);
            refused++;
          }
        },
      ),
      { numRuns: 3000 },
    );
    expect(refused).toBeGreaterThan(500);
  });
});
