import { describe, expect, test } from "vitest";
import { guard } from "../../../src/operators/stages/guard.ts";

const residual = new Float32Array([0.1, -0.1]);

describe("guard", () => {
  test("lets pass what is finite and within the limit, the limit included", () => {
    expect(() => guard({ residual, rms: 0.25 }, 0.25)).not.toThrow();
  });

  test.each([
    [0.61, "residual RMS 0.61 exceeds 0.25"],
    [12.3456, "residual RMS 12 exceeds 0.25"],
    [0.2501, "residual RMS 0.2501 exceeds 0.25"],
  ])("refuses an RMS of %f and says the figure", (rms, message) => {
    expect(() => guard({ residual, rms }, 0.25)).toThrow(message);
  });

  test.each([
    [{ residual, rms: Number.NaN }],
    [{ residual, rms: Number.POSITIVE_INFINITY }],
    [{ residual: new Float32Array([0, Number.NaN]), rms: 0.1 }],
    [{ residual: new Float32Array([Number.NEGATIVE_INFINITY, 0]), rms: 0.1 }],
  ])("refuses %o", (restoration) => {
    expect(() => guard(restoration, 0.25)).toThrow("the net's output is not finite");
  });
});
