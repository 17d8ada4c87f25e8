/** `deblur calibrate`: pictures and weights in, weights that can be computed with bytes out. */

import { type FileOptions, fileOptionTable } from "../../pipeline/options/file-options.ts";
import { upTo } from "../../pipeline/options/option-table.ts";
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
  summary: "readies weights for --precision int8",
  about: `Shows tiles of the pictures IN to the net, in float32, and writes its weights to OUT with what
--precision int8 has to know of them: between which values each conv reads and writes (all but the
last 0.005 % at each end), with either pooling. Tensors stay as they are, bit for bit, so OUT serves
float32 as before. Pictures should be like those to be restored; a dozen tiles are enough.

With --precision int8 KE-Net and NAFNet compute with bytes: uint8 between convs, int8 weights, a
scale for each output channel (Jacob et al., CVPR 2018); the flow, norms, gates and sums stay
float32. It needs the engine onnx, and is faster where the processor has VNNI or the like.`,
  options: {
    output: outputRow("where the weights go (.safetensors)"),
    tiles: {
      ...upTo(1, Number.MAX_SAFE_INTEGER),
      default: 4,
      common: true,
      help: "tiles of each picture at most, spread evenly",
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
      onImage: ({ input, tiles }) => reporter.note(`${input}: ${tiles} tiles`),
      onNote: reporter.note,
    });
  },
};
