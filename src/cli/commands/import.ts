/** Defines `deblur import`: converts weights of other programs to safetensors. */
import type { Dtype } from "../../model/weights/floats.ts";
import { choice, upTo } from "../../pipeline/options/option-table.ts";
import { type Command, forceRow, helpRow, outputRow } from "../command.ts";

type DtypeName = "f32" | "f16" | "bf16";

const dtypes: Readonly<Record<DtypeName, Dtype>> = { f32: "F32", f16: "F16", bf16: "BF16" };
const dtypeNames = Object.keys(dtypes) as DtypeName[];

interface ImportFlags {
  readonly output: string;
  readonly dtype: DtypeName;
  readonly trainPatch: number | undefined;
  readonly force: boolean;
  readonly help: boolean;
}

export const importCommand: Command<ImportFlags> = {
  name: "import",
  operand: "weights file",
  usage: "deblur import IN -o OUT [options]",
  summary: "converts PyTorch weights to safetensors",
  about: `Reads weights of a UFPNet, NAFNet, MIMO-UNet or MPRNet with the published names, from a file of
torch.save (.pth, .pkl, also of versions before 1.6) or safetensors, and writes them as safetensors
with the settings of their net, for --weights. Nothing in IN is executed. Tensors that do not fit
the net are listed by name.`,
  options: {
    output: outputRow("the file of weights (.safetensors)"),
    dtype: {
      ...choice(dtypeNames),
      default: "f32",
      help: `type of stored values: ${dtypeNames.join(", ")}; the flow's always f32`,
    },
    trainPatch: {
      ...upTo(1, 99_999),
      default: undefined,
      otherwise: "that of IN, or 256",
      help: "side of the training patches in pixels",
    },
    force: forceRow,
    help: helpRow,
  },
  async run({ operand, options: { output, dtype, trainPatch, force } }) {
    const { importWeights } = await import("../../tools/weights/import-weights.ts");
    await importWeights(operand, output, {
      force,
      dtype: dtypes[dtype],
      ...(trainPatch === undefined ? {} : { trainPatch }),
    });
  },
};
