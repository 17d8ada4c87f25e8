/** Knows the one slope that all blocks of an MPRNet share, which PyTorch lists under the name of every block. */
import { WeightsError } from "../../errors.ts";
import type { Weights } from "./weights.ts";

/** The name that graphs read. */
export const sharedSlope = "shallow_feat1.1.body.1.weight";

/**
 * The tensors without the copies of an MPRNet's slope; those of other nets unchanged.
 * @throws WeightsError if a copy differs: the net would not be an MPRNet
 */
export function withoutSlopeCopies(tensors: Weights): Weights {
  const slope = tensors.get(sharedSlope)?.data;
  if (slope?.length !== 1) return tensors;
  const kept = new Map(tensors);
  for (const [name, { shape, data }] of tensors) {
    if (name === sharedSlope || !name.endsWith(".body.1.weight") || `${shape}` !== "1") continue;
    // Not finite: reported with its name where values are checked.
    if (data[0] !== slope[0] && Number.isFinite(slope[0])) {
      throw new WeightsError(
        `expected one slope in all blocks of an MPRNet but ${sharedSlope} is ${slope[0]} and ${name} is ${data[0]}`,
      );
    }
    kept.delete(name);
  }
  return kept;
}
