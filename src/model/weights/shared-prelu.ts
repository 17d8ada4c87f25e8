/** Knows the one PReLU factor that all blocks of an MPRNet share, which PyTorch lists under the name of every block. */
import { WeightsError } from "../../errors.ts";
import type { Weights } from "./weights.ts";

/** The name that graphs read. */
export const sharedPrelu = "shallow_feat1.1.body.1.weight";

/**
 * The tensors without the copies of an MPRNet's PReLU factor; those of other nets unchanged.
 * @throws WeightsError if a copy differs: the net would not be an MPRNet
 */
export function withoutPreluCopies(tensors: Weights): Weights {
  const factor = tensors.get(sharedPrelu)?.data;
  if (factor?.length !== 1) return tensors;
  const kept = new Map(tensors);
  for (const [name, { shape, data }] of tensors) {
    if (name === sharedPrelu || !name.endsWith(".body.1.weight") || `${shape}` !== "1") continue;
    // Not finite: reported with its name where values are checked.
    if (data[0] !== factor[0] && Number.isFinite(factor[0])) {
      throw new WeightsError(
        `expected one PReLU factor in all blocks of an MPRNet but ${sharedPrelu} is ${factor[0]} and ${name} is ${data[0]}`,
      );
    }
    kept.delete(name);
  }
  return kept;
}
