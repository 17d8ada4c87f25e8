import { describe, expect, test } from "vitest";
import { OptionError } from "../../../src/errors.ts";
import { fieldFilesOf } from "../../../src/pipeline/kernel-files/field-form.ts";

const taken = ["in.png", "out.png"];

describe("files for kernels and sigma", () => {
  test("take their format from the suffix in either case, and are none without options", () => {
    expect(fieldFilesOf({ kernels: undefined, sigma: undefined }, taken)).toEqual([]);
    expect(fieldFilesOf({ kernels: "a/k.NPY", sigma: "s.jpg" }, taken)).toEqual([
      { of: "kernels", path: "a/k.NPY", format: "npy" },
      { of: "sigma", path: "s.jpg", format: "jpeg" },
    ]);
  });

  test.each([
    [{ kernels: "k.tif" }, "for kernels"],
    [{ sigma: "s" }, "for sigma"],
    [{ kernels: "./out.png" }, "of its own for kernels"],
    [{ sigma: "x/../in.png" }, "of its own for sigma"],
    [{ kernels: "same.png", sigma: "./same.png" }, "of its own for sigma"],
  ])("are refused: %j", (asked, message) => {
    const act = () => fieldFilesOf({ kernels: undefined, sigma: undefined, ...asked }, taken);
    expect(act).toThrow(OptionError);
    expect(act).toThrow(message);
  });
});
