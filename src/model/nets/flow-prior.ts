/**
 * The flow prior (paper §3.1; RealNVP after FKP): an invertible net between motion kernels and Gaussian
 * codes. Here in the direction used for inference: code → kernel, at every cell of a field.
 */
import {
  add,
  batchNormInverse,
  exp,
  linear,
  multiply,
  relu,
  scaleChannels,
  select,
  sigmoid,
  tanh,
  unsquash,
} from "../graph/build.ts";
import type { Value } from "../graph/graph.ts";

const root = "flow";
const hidden = 25;
const blocks = 5;
const epsilon = 1e-5;

/** Linear → activation → Linear → activation → Linear, side L² → 25 → 25 → L². */
function mlp(x: Value, name: string, activation: (x: Value) => Value): Value {
  const first = activation(linear(x, `${name}.0`, hidden));
  const second = activation(linear(first, `${name}.2`, hidden));
  return linear(second, `${name}.4`, x.channels);
}

/** x = m·u + (1 − m)·(u·exp(s(m·u)) + t(m·u)) */
function couplingInverse(u: Value, name: string): Value {
  const mask = `${name}.mask`;
  const kept = scaleChannels(u, mask, [u.channels]);
  const stretched = multiply(u, exp(mlp(kept, `${name}.s_net`, tanh)));
  return select(mask, u, add(stretched, mlp(kept, `${name}.t_net`, relu)));
}

/**
 * Kernels from codes: the modules undone last to first, then out of the logit.
 * @param z [k², h, w], standard normal if the prior fits
 * @returns kernels [k², h, w] in (0, 1); channel c is the tap at row c div k, column c mod k
 */
export function flowInverse(z: Value): Value {
  let x = z;
  for (let block = blocks - 1; block >= 0; block--) {
    x = batchNormInverse(x, `${root}.net.${2 * block + 1}`, epsilon);
    x = couplingInverse(x, `${root}.net.${2 * block}`);
  }
  return unsquash(sigmoid(x), root);
}
