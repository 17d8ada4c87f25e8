/** Defines `deblur calibrate`: adds to weights what --precision int8 needs. */

import { type FileOptions, fileOptionTable } from "../../pipeline/options/file-options.ts";
import { upTo } from "../../pipeline/options/option-table.ts";
import { counted } from "../../text/words.ts";
import { type Command, forceRow, helpRow, outputRow } from "../command.ts";

interface CalibrateFlags
  extends Pick<FileOptions, "weights" | "preset" | "threads" | "tile" | "maxPixels" | "force"> {
  readonly output: string;
  readonly tiles: number;
  readonly help: boolean;
}

export const calibrateCommand: Command<CalibrateFlags> = {
  name: "calibrate",
  operand: "picture or folder",
  several: true,
  usage: "deblur calibrate IN… -o OUT [options]",
  summary: "prepares weights for --precision int8",
  about: `Runs tiles of the pictures IN through the net in float32, and writes its weights to OUT with the
ranges that --precision int8 needs: of the values each conv reads and writes (without the outermost
0.005 % at each end), for either pooling. Tensors stay the same, bit for bit, so OUT also works in
float32. Use pictures like those to be restored; a dozen tiles are enough.

With --precision int8 KE-Net and NAFNet compute with bytes: uint8 between convs, int8 weights, a
scale for each output channel (Jacob et al., CVPR 2018); the flow, norms, gates and sums stay
float32. It needs the engine onnx, and is faster where the processor has VNNI or the like.`,
  options: {
    output: outputRow("the file of weights (.safetensors)"),
    tiles: {
      ...upTo(1, Number.MAX_SAFE_INTEGER),
      default: 4,
      common: true,
      help: "most tiles of a picture, evenly spread",
    },
    weights: { ...fileOptionTable.weights, common: true },
    force: forceRow,
    preset: fileOptionTable.preset,
    threads: fileOptionTable.threads,
    tile: { ...fileOptionTable.tile, otherwise: "512" },
    maxPixels: fileOptionTable.maxPixels,
    help: helpRow,
  },
  async run({ operands, options }, { reporter, signal }) {
    const { output, help, ...own } = options;
    const { calibrate } = await import("../../tools/weights/calibrate.ts");
    await calibrate(operands, output, own, {
      signal,
      onImage: ({ input, tiles }) => reporter.note(`${input}: ${counted(tiles, "tile")}`),
      onNote: reporter.note,
    });
  },
};
