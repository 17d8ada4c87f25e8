import { describe, expect, test } from "vitest";
import { guard } from "../../../src/operators/stages/guard.ts";

const residual = new Float32Array([0.1, -0.1]);

describe("guard", () => {
  test("accepts a finite residual within the limit, including the limit itself", () => {
    expect(() => guard({ residual, rms: 0.25 }, 0.25)).not.toThrow();
  });

  test.each([
    [0.61, "residual RMS 0.61 exceeds 0.25"],
    [12.3456, "residual RMS 12 exceeds 0.25"],
    [0.2501, "residual RMS 0.2501 exceeds 0.25"],
  ])("rejects an RMS of %f and reports it", (rms, message) => {
    expect(() => guard({ residual, rms }, 0.25)).toThrow(message);
  });

  test.each([
    [{ residual, rms: Number.NaN }],
    [{ residual, rms: Number.POSITIVE_INFINITY }],
    [{ residual: new Float32Array([0, Number.NaN]), rms: 0.1 }],
    [{ residual: new Float32Array([Number.NEGATIVE_INFINITY, 0]), rms: 0.1 }],
  ])("rejects %o", (restoration) => {
    expect(() => guard(restoration, 0.25)).toThrow("the net's output is not finite");
  });
});
