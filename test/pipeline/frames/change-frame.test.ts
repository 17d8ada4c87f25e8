import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { changeFrame } from "../../../src/pipeline/frames/change-frame.ts";
import { levelsNames, lumaWeights, matrixNames } from "../../../src/pipeline/frames/colour.ts";
import { coloursOf, samplesOf } from "../../../src/pipeline/frames/frame-colours.ts";
import { componentsOf, rawFormNames } from "../../../src/pipeline/frames/pixel-form.ts";
import { formOf, noiseFrame, y4mNames } from "./frames.ts";

const names = [...y4mNames, ...rawFormNames];
const anyFrame = fc
  .record({
    name: fc.constantFrom(...names),
    width: fc.integer({ min: 1, max: 9 }),
    height: fc.integer({ min: 1, max: 9 }),
    seed: fc.nat(),
    matrix: fc.constantFrom(...matrixNames),
    levels: fc.constantFrom(...levelsNames),
  })
  .map(({ name, width, height, seed, ...colour }) => ({
    ...noiseFrame(name, { width, height }, seed),
    colour,
  }));

describe("changeFrame", () => {
  test("keeps every byte of every form if nothing changes", () => {
    fc.assert(
      fc.property(anyFrame, (frame) => {
        const residual = new Float32Array(3 * frame.width * frame.height);
        const same = changeFrame(frame, residual);
        expect(same.data).toEqual(frame.data);
        expect(same.data.buffer).not.toBe(frame.data.buffer);
      }),
    );
  });

  test("keeps an unchanged sample above its number of bits", () => {
    const frame = noiseFrame("420p10", { width: 4, height: 2 });
    frame.data.fill(255);
    expect(changeFrame(frame, new Float32Array(24)).data).toEqual(frame.data);
  });

  test("maps a constant change linearly to every sample, at any size and siting", () => {
    fc.assert(
      fc.property(
        anyFrame,
        fc.tuple(
          ...Array.from({ length: 3 }, () => fc.double({ min: -0.1, max: 0.1, noNaN: true })),
        ),
        (frame, change) => {
          const [r = 0, g = 0, b = 0] = change;
          const { form, width, height, colour } = frame;
          const plane = width * height;
          const middle = 2 ** (form.bits - 1);
          const samples = samplesOf(frame);
          samples.fill(middle);
          const residual = Float32Array.from(
            { length: 3 * plane },
            (_, i) => change[Math.floor(i / plane)] ?? 0,
          );
          const changed = samplesOf(changeFrame(frame, residual));
          const { kr, kb } = lumaWeights[colour.matrix];
          const [lumaUnit, chromaUnit] =
            colour.levels === "full"
              ? [2 ** form.bits - 1, 2 ** form.bits - 1]
              : [219 * 2 ** (form.bits - 8), 224 * 2 ** (form.bits - 8)];
          const y = kr * r + (1 - kr - kb) * g + kb * b;
          const expected = {
            yuv: [
              lumaUnit * y,
              (chromaUnit * (b - y)) / (2 - 2 * kb),
              (chromaUnit * (r - y)) / (2 - 2 * kr),
            ],
            rgb: [r, g, b].map((one) => one * lumaUnit),
            grey: [(lumaUnit * (r + g + b)) / 3],
          }[form.model];
          for (const [index, one] of componentsOf(form, frame).entries()) {
            for (let at = 0; at < one.width * one.height; at++) {
              const found = (changed[one.first + at * one.step] as number) - middle;
              expect(Math.abs(found - (expected[index] as number))).toBeLessThan(0.51);
            }
          }
        },
      ),
    );
  });

  test.each([
    ["420jpeg", [0, 0, 100, 100, 0, 0, 0, 0], [0, 100, 0, 0]],
    ["420mpeg2", [0, 0, 100, 100, 0, 0, 0, 0], [0, 75, 25, 0]],
    ["422", [0, 0, 0, 100, 0, 0, 0, 0], [0, 25, 25, 0]],
    ["411", [0, 0, 0, 100, 0, 0, 0, 0], [0, 25]],
    // Half of the first sample's box is beyond the border: weights ½ and ¼ of ¾.
    ["420paldv", [0, 100, 0, 0, 0, 0, 0, 0], [100 / 3, 25, 0, 0]],
  ])(
    "averages the change of %s over the luma samples of each chroma sample",
    (name, row, expected) => {
      const frame = {
        ...noiseFrame(name, { width: 8, height: 2 }),
        colour: { matrix: "601", levels: "full" } as const,
      };
      frame.data.fill(100);
      // Blue, red and green are chosen so that only Cb changes: Y stays, Cb = B ÷ (2 (1 − kb)).
      const { kr, kb } = lumaWeights["601"];
      const kg = 1 - kr - kb;
      const blue = [...row, ...row].map((cb) => (2 * (1 - kb) * cb) / 255);
      const green = blue.map((b) => (-kb * b) / kg);
      const residual = Float32Array.from([...blue.map(() => 0), ...green, ...blue]);
      const changed = changeFrame(frame, residual);
      const [, cb] = componentsOf(frame.form, frame);
      const found = changed.data.subarray(cb?.first, (cb?.first ?? 0) + expected.length);
      expect([...found]).toEqual(expected.map((one) => Math.round(100 + one)));
    },
  );

  test("clamps values beyond the bits, and refuses a residual that is not finite", () => {
    const frame = noiseFrame("mono10", { width: 2, height: 1 });
    samplesOf(frame).set([3, 1020]);
    const change = (values: number[]) =>
      changeFrame(frame, Float32Array.from([...values, ...values, ...values]));
    expect([...samplesOf(change([-1, 1]))]).toEqual([0, 1023]);
    expect(() => change([Number.NaN, 0])).toThrow("the residual is NaN");
    expect(() => changeFrame(frame, new Float32Array(5))).toThrow("5 residuals");
  });
});

describe("coloursOf", () => {
  test("recovers the RGB of YUV with every matrix and level", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...matrixNames),
        fc.constantFrom(...levelsNames),
        fc.tuple(...Array.from({ length: 3 }, () => fc.double({ min: 0, max: 1, noNaN: true }))),
        (matrix, levels, rgb) => {
          const [r = 0, g = 0, b = 0] = rgb;
          const { kr, kb } = lumaWeights[matrix];
          const y = kr * r + (1 - kr - kb) * g + kb * b;
          const [pb, pr] = [(b - y) / (2 - 2 * kb), (r - y) / (2 - 2 * kr)];
          const frame = {
            ...noiseFrame("444p16", { width: 1, height: 1 }),
            colour: { matrix, levels },
          };
          const limited = [4096 + 56064 * y, 32768 + 57344 * pb, 32768 + 57344 * pr];
          const full = [65535 * y, 32768 + 65535 * pb, 32768 + 65535 * pr];
          samplesOf(frame).set(
            (levels === "full" ? full : limited).map((one) => Math.min(65535, Math.round(one))),
          );
          const found = coloursOf(frame, { x: 0, y: 0, width: 1, height: 1 }).samples;
          for (const [i, one] of rgb.entries()) expect(found[i]).toBeCloseTo(one, 3);
        },
      ),
    );
  });

  test("converts a part of a frame as it converts the whole, for every form", () => {
    fc.assert(
      fc.property(
        anyFrame,
        fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.nat()),
        (frame, [a, b, c, d]) => {
          const { width, height } = frame;
          const [x, y] = [a % width, b % height];
          const rect = { x, y, width: 1 + (c % (width - x)), height: 1 + (d % (height - y)) };
          const whole = coloursOf(frame, { x: 0, y: 0, width, height });
          const part = coloursOf(frame, rect);
          for (let row = 0; row < rect.height; row++) {
            const from = ((y + row) * width + x) * whole.channels;
            const line = rect.width * whole.channels;
            expect(part.samples.slice(row * line, (row + 1) * line)).toEqual(
              whole.samples.slice(from, from + line),
            );
          }
        },
      ),
    );
  });

  test.each([
    ["420jpeg", [0, 1, 3, 5, 7, 8]],
    ["420mpeg2", [0, 2, 4, 6, 8, 8]],
    ["422", [0, 2, 4, 6, 8, 8]],
  ])("interpolates chroma of %s linearly between its samples", (name, expected) => {
    const frame = {
      ...noiseFrame(name, { width: 6, height: 2 }),
      colour: { matrix: "601", levels: "full" } as const,
    };
    frame.data.fill(128);
    const [, , cr] = componentsOf(formOf(name), frame);
    for (let at = 0; at < 3; at++) frame.data[(cr?.first ?? 0) + at] = 128 + 4 * at;
    const { samples } = coloursOf(frame, { x: 0, y: 0, width: 6, height: 1 });
    const red = expected.map((cb) => 128 / 255 + (1.402 * cb) / 255);
    for (const [i, one] of red.entries()) expect(samples[3 * i]).toBeCloseTo(one, 5);
  });
});
