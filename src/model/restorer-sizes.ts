/** Holds the sizes of each restorer by preset, and names nets as their authors do. */
import {
  kernelSourceOf,
  type NetConfig,
  type PresetName,
  presets,
  type RestorerName,
} from "./config.ts";
import { mprNetBlocks } from "./weights/restorer-settings.ts";

type Sizes = Pick<
  NetConfig,
  "restorer" | "width" | "encoderBlocks" | "middleBlocks" | "decoderBlocks" | "mprnet"
>;

const nafnet = ({ width, encoderBlocks, middleBlocks, decoderBlocks }: NetConfig): Sizes => ({
  ...{ width, encoderBlocks, middleBlocks, decoderBlocks },
});

const mimoUnet = (width: number, blocks: number): Sizes => ({
  restorer: "mimo-unet",
  width,
  encoderBlocks: [blocks, blocks, blocks],
  middleBlocks: 0,
  decoderBlocks: [blocks, blocks, blocks],
});

const mprNet = (width: number, growth: number, extraWidth: number, groupBlocks: number): Sizes => ({
  restorer: "mprnet",
  width,
  ...mprNetBlocks,
  mprnet: { growth, extraWidth, groupBlocks, reduction: 4 },
});

/**
 * `paper` is the net of UFPNet's Table 6: MIMO-UNet+ and MPRNet as published. `small` of MIMO-UNet is the published
 * MIMO-UNet; the others are ours.
 */
export const restorerSizes: Readonly<Record<RestorerName, Readonly<Record<PresetName, Sizes>>>> = {
  nafnet: {
    lite: nafnet(presets.lite),
    small: nafnet(presets.small),
    paper: nafnet(presets.paper),
  },
  "mimo-unet": { lite: mimoUnet(16, 4), small: mimoUnet(32, 8), paper: mimoUnet(32, 20) },
  mprnet: {
    lite: mprNet(32, 16, 16, 4),
    small: mprNet(48, 24, 16, 8),
    paper: mprNet(96, 48, 32, 8),
  },
};

/** The name of a net: of the published one that it equals in kind, with its kernels. */
export function netNameOf(config: NetConfig): string {
  const kernels = kernelSourceOf(config) === "none" ? "" : " with kernel attention";
  switch (config.restorer) {
    case "mimo-unet": {
      const isPlus = config.encoderBlocks.some((count) => count > 8);
      return `MIMO-UNet${isPlus ? "+" : ""}${kernels}`;
    }
    case "mprnet":
      return `MPRNet${kernels}`;
    default:
      return kernels === "" ? "NAFNet" : "UFPNet";
  }
}
