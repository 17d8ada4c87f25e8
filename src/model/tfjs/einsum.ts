/** Adds Einsum, which backend wasm lacks, to TensorFlow.js: as one product of matrices of reordered tensors. */
import * as tf from "@tensorflow/tfjs-core";

/** Registers the kernel for `backendName` where it has none. */
export function registerEinsum(backendName: string): void {
  if (tf.getKernel("Einsum", backendName) !== undefined) return;
  tf.registerKernel({
    kernelName: "Einsum",
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      const tensors = Object.keys(inputs).map((_, i) => (inputs as unknown as tf.Tensor[])[i]);
      const { equation } = attrs as unknown as { readonly equation: string };
      return productOf(equation, tensors as tf.Tensor[]);
    },
  });
}

/**
 * The sum of products that `equation` describes, such as "abc,cd->abd": letters name dimensions, those that are not in
 * the result are summed over. The caller disposes the result.
 * @throws Error unless there are two tensors, each letter stands once in a tensor, and sizes of a letter are equal
 */
export function productOf(equation: string, tensors: readonly tf.Tensor[]): tf.Tensor {
  const [, first, second, result] =
    /^([a-zA-Z]*),([a-zA-Z]*)->([a-zA-Z]*)$/.exec(equation.replaceAll(" ", "")) ?? [];
  const [a, b] = tensors;
  if (first === undefined || second === undefined || result === undefined || !a || !b) {
    throw new Error(`expected the product of two tensors but received einsum ${equation}`);
  }
  const sizes = new Map<string, number>();
  for (const [letters, { shape }] of [
    [first, a],
    [second, b],
  ] as const) {
    const fits = letters.length === shape.length && new Set(letters).size === letters.length;
    if (!fits) throw new Error(`einsum ${equation} does not fit a tensor [${shape}]`);
    for (const [i, letter] of [...letters].entries()) {
      const size = shape[i] as number;
      if ((sizes.get(letter) ?? size) !== size)
        throw new Error(`einsum ${equation}: two sizes of ${letter}`);
      sizes.set(letter, size);
    }
  }
  const inResult = (letter: string) => result.includes(letter);
  const shared = [...first].filter((letter) => second.includes(letter));
  const batch = shared.filter(inResult);
  const summed = shared.filter((letter) => !inResult(letter));
  const left = [...first].filter((letter) => !shared.includes(letter) && inResult(letter));
  const right = [...second].filter((letter) => !shared.includes(letter) && inResult(letter));
  const count = (letters: readonly string[]) =>
    letters.reduce((product, letter) => product * (sizes.get(letter) as number), 1);
  return tf.tidy(() => {
    const [p, q] = [reduced(a, first, second, result), reduced(b, second, first, result)];
    const x = tf.reshape(ordered(p, [...batch, ...left, ...summed]), [
      count(batch),
      count(left),
      count(summed),
    ]);
    const y = tf.reshape(ordered(q, [...batch, ...summed, ...right]), [
      count(batch),
      count(summed),
      count(right),
    ]);
    const letters = [...batch, ...left, ...right];
    const product = tf.reshape(
      tf.matMul(x, y),
      letters.map((letter) => sizes.get(letter) as number),
    );
    return ordered({ tensor: product, letters }, [...result]);
  });
}

interface Lettered {
  readonly tensor: tf.Tensor;
  readonly letters: readonly string[];
}

/** Sums over the letters that only this tensor has. */
function reduced(tensor: tf.Tensor, own: string, other: string, result: string): Lettered {
  const letters = [...own];
  const alone = letters.flatMap((letter, i) =>
    other.includes(letter) || result.includes(letter) ? [] : [i],
  );
  if (alone.length === 0) return { tensor, letters };
  return { tensor: tf.sum(tensor, alone), letters: letters.filter((_, i) => !alone.includes(i)) };
}

/** The tensor with its dimensions in the order of `wanted`. */
function ordered({ tensor, letters }: Lettered, wanted: readonly string[]): tf.Tensor {
  const order = wanted.map((letter) => letters.indexOf(letter));
  return order.every((from, to) => from === to) ? tensor : tf.transpose(tensor, order);
}
