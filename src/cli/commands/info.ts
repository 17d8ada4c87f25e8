/** Defines `deblur info`: describes a file of weights, or a net made elsewhere. */
import { type Command, helpRow, jsonLine, jsonRow } from "../command.ts";

interface InfoFlags {
  readonly json: boolean;
  readonly help: boolean;
}

export const infoCommand: Command<InfoFlags> = {
  name: "info",
  operand: "weights file or net",
  usage: "deblur info FILE [options]",
  summary: "shows what a file of weights or a net holds",
  about: `Prints a net's name, its preset or settings, its parameters, the multiply–accumulates for a
picture of 256×256 pixels, the tiles that suit it, the types of its stored values, the file's
SHA-256, and its training card if it has one. FILE is safetensors or a file of torch.save (.pth,
.pkl).
Of a net made elsewhere (.onnx, or model.json of TensorFlow.js) it prints how the net takes its
input, found by a trial, and the tiles that suit it.`,
  options: { json: jsonRow, help: helpRow },
  async run({ operand, options }, { stdout }) {
    const { isNetFile } = await import("../../pipeline/engines/read-net.ts");
    // A damaged one is reported as what its name says.
    if (/\.(?:onnx|json)$/i.test(operand) || (await isNetFile(operand))) {
      const { netInfo, netInfoLines } = await import("../../tools/weights/net-info.ts");
      const found = await netInfo(operand);
      stdout.write(options.json ? jsonLine(found) : `${netInfoLines(found).join("\n")}\n`);
      return;
    }
    const { weightsInfo, weightsInfoLines } = await import("../../tools/weights/weights-info.ts");
    const info = await weightsInfo(operand);
    stdout.write(options.json ? jsonLine(info) : `${weightsInfoLines(info).join("\n")}\n`);
  },
};
