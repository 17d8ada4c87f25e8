/** What the package promises by name: a change here is a change for its users. */
import { expect, test } from "vitest";
import * as api from "../src/index.ts";

test("the public names are these", () => {
  expect(Object.keys(api).sort()).toMatchInlineSnapshot(`
    [
      "InputError",
      "IoError",
      "NoInputError",
      "OptionError",
      "OutputError",
      "StageTimeoutError",
      "TileError",
      "UnavailableError",
      "WeightsError",
      "admit",
      "blend",
      "copyFailed",
      "createLane",
      "deblur",
      "deblurFile",
      "deblurImage",
      "decode",
      "decodeFlow",
      "defaultResidualLimit",
      "estimateKernels",
      "exclusive",
      "isDeblurError",
      "openCanvas",
      "openCopyEngine",
      "openOnnxEngine",
      "openPool",
      "openWasmEngine",
      "planGrid",
      "presets",
      "skipFlat",
      "write",
    ]
  `);
});
