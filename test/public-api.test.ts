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
      "ReaderGoneError",
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
      "deblurFiles",
      "deblurImage",
      "decode",
      "decodeFlow",
      "defaultResidualLimit",
      "estimateKernels",
      "exclusive",
      "gatherSamples",
      "inOrder",
      "isDeblurError",
      "openCanvas",
      "openCopyEngine",
      "openOnnxEngine",
      "openPool",
      "openStream",
      "openTrainingPairs",
      "openWasmEngine",
      "planGrid",
      "planPairs",
      "planPoints",
      "presets",
      "sampleKernels",
      "samplePicture",
      "sampleSigma",
      "simulateKernel",
      "synthesize",
      "write",
      "writePreview",
    ]
  `);
});
