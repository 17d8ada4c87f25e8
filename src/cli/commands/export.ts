/** Defines `deblur export`: writes a net as ONNX files for other runtimes. */
import type { Pooling } from "../../model/engine.ts";
import { fileOptionTable } from "../../pipeline/options/file-options.ts";
import { type Command, forceRow, helpRow, outputRow } from "../command.ts";

interface ExportFlags {
  readonly output: string;
  readonly pooling: Pooling;
  readonly force: boolean;
  readonly help: boolean;
}

export const exportCommand: Command<ExportFlags> = {
  name: "export",
  operand: "weights file",
  usage: "deblur export WEIGHTS -o DIR [options]",
  summary: "writes a net as ONNX files",
  about: `Writes the net as ONNX files into DIR, which is made where it is missing: estimate-kernels.onnx,
decode-flow.onnx and restore.onnx (opset 17, float32, NCHW, batch 1), and deconvolve.onnx for a net
that deconvolves; all or none. Prints their paths, in the order they run.`,
  options: {
    output: outputRow("the folder of the files", "DIR"),
    pooling: {
      ...fileOptionTable.pooling,
      help: "channel attention over the input (global) or a window (tlc)",
    },
    force: forceRow,
    help: helpRow,
  },
  async run({ operand, options: { output, pooling, force } }, { stdout }) {
    const { exportOnnx } = await import("../../tools/weights/export-onnx.ts");
    const paths = await exportOnnx(operand, output, { pooling, force });
    stdout.write(`${paths.join("\n")}\n`);
  },
};
