/**
 * Makes one step of training on a divided batch: the gradients of its parts are computed in parallel and averaged.
 * The loss is a mean over the batch, so the step equals that of the whole batch, except for rounding.
 */
import * as tf from "@tensorflow/tfjs-core";
import type { Parameters } from "../tfjs/parameters.ts";
import { descend, type OptimizerSettings, type TrainState } from "./optimizer.ts";
import type { Stage } from "./stages.ts";
import { gradientsOf } from "./train-step.ts";

/** Threads that compute gradients of parts of a batch. */
export interface Helpers<Batch> {
  readonly count: number;
  /** The trained weights, concatenated; to be filled before each call. */
  readonly weights: Float32Array;
  /** Starts on one part per helper; the results are valid until the next call. */
  gradients(parts: readonly Batch[]): Promise<readonly PartGradients[]>;
}

export interface PartGradients {
  readonly loss: number;
  /** Concatenated, in the order of the trained weights. */
  readonly gradients: Float32Array;
}

/**
 * As `trainStep`, for a stage whose batch norms do not use the batch's statistics.
 * @throws the error of a helper; `state` is then unchanged
 */
export async function sharedStep<Batch extends { readonly count: number }>(
  stage: Stage<Batch>,
  state: TrainState,
  batch: Batch,
  rate: number,
  settings: OptimizerSettings,
  helpers: Helpers<Batch>,
): Promise<{ state: TrainState; loss: tf.Scalar; norm: tf.Scalar }> {
  const [part, ...others] = dividedBatch(batch, helpers.count + 1) as [Batch, ...Batch[]];
  flatten(state.weights, helpers.weights);
  const begun = helpers.gradients(others);
  // Avoids an unhandled rejection: if this thread fails first, its own error is thrown.
  begun.catch(() => {});
  const own = gradientsOf(stage, state, part);
  try {
    const theirs = await begun;
    const shares = others.map(({ count }) => count / batch.count);
    const ownShare = part.count / batch.count;
    const loss = tf.tidy(() =>
      theirs.reduce<tf.Scalar>(
        (sum, { loss }, i) => tf.add(sum, loss * (shares[i] as number)),
        tf.mul(own.loss, ownShare),
      ),
    );
    let at = 0;
    const gradients = new Map<string, tf.Tensor>();
    for (const [name, gradient] of own.gradients) {
      const from = at;
      at += gradient.size;
      const mean = tf.tidy(() =>
        theirs.reduce<tf.Tensor>(
          (sum, { gradients }, i) => {
            const other = tf.tensor(gradients.subarray(from, from + gradient.size), gradient.shape);
            return tf.add(sum, tf.mul(other, shares[i] as number));
          },
          tf.mul(gradient, ownShare),
        ),
      );
      gradients.set(name, mean);
    }
    return { loss, ...descend(state, gradients, rate, settings) };
  } finally {
    tf.dispose([own.loss, ...own.gradients.values(), ...own.statistics.values()]);
  }
}

/** Concatenates tensors. @param into as long as all of them together */
export function flatten(tensors: Parameters, into: Float32Array): void {
  let at = 0;
  for (const tensor of tensors.values()) {
    into.set(tensor.dataSync<"float32">(), at);
    at += tensor.size;
  }
}

interface Counted {
  readonly count: number;
}

/** A copy of `count` kernels or pairs, starting with number `from`. */
export function batchPart<Batch extends Counted>(batch: Batch, from: number, count: number): Batch {
  const part = Object.entries(batch).map(([name, value]) => {
    if (!(value instanceof Float32Array)) return [name, value];
    const each = value.length / batch.count;
    return [name, value.slice(from * each, (from + count) * each)];
  });
  return { ...(Object.fromEntries(part) as Batch), count };
}

/** The batch in `parts` of nearly equal size, larger ones first. @throws RangeError if a part would be empty */
export function dividedBatch<Batch extends Counted>(batch: Batch, parts: number): Batch[] {
  if (batch.count < parts)
    throw new RangeError(`expected a batch of at least ${parts} but received ${batch.count}`);
  const bounds = Array.from({ length: parts + 1 }, (_, i) => Math.ceil((i * batch.count) / parts));
  return bounds
    .slice(1)
    .map((end, i) => batchPart(batch, bounds[i] as number, end - (bounds[i] as number)));
}
