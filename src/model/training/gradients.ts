/**
 * Computes a loss and its gradients like tf.valueAndGrads, in half the memory. tf.valueAndGrads keeps all maps and
 * all gradients until the end. Here a map is disposed when its gradient is complete, and a gradient when it has
 * been propagated. All of them are disposed on an error.
 */
import * as tf from "@tensorflow/tfjs-core";

/** One operation, as TensorFlow.js records it. */
interface Recorded {
  readonly inputs: tf.NamedTensorMap;
  readonly outputs: readonly tf.Tensor[];
  /** Saved for its gradient. */
  readonly saved: readonly tf.Tensor[];
  /** Computes the gradients of the inputs from those of the outputs; undefined for operations without gradients. */
  readonly gradient?: (gradients: (tf.Tensor | null)[]) => Record<string, () => tf.Tensor>;
}

/** Members of the engine that its type hides; valid for the pinned version of tfjs-core. */
interface Recorder {
  startTape(): void;
  endTape(): void;
  readonly state: { activeTape: Recorded[] | null };
}

/**
 * f() and its gradient by each of `by`; the caller disposes them.
 * @throws Error if f does not depend on one of them; the errors of f
 */
export function valueAndGradients(
  f: () => tf.Scalar,
  by: readonly tf.Tensor[],
): { value: tf.Scalar; gradients: tf.Tensor[] } {
  const engine = tf.engine() as unknown as Recorder;
  let tape: readonly Recorded[] = [];
  try {
    return tf.tidy(() => {
      let value: tf.Scalar;
      engine.startTape();
      try {
        value = tf.tidy(f);
      } finally {
        engine.endTape();
        tape = engine.state.activeTape ?? [];
        engine.state.activeTape = null;
      }
      return { value, gradients: backwards(between(tape, by, value), by, value) };
    });
  } finally {
    for (const { saved } of tape) release(saved);
  }
}

interface Used {
  readonly operation: Recorded;
  /** Names of the inputs that depend on one of the tensors in `by`. */
  readonly wanted: readonly string[];
}

/** The operations between `by` and `value`, last one first. Tensors saved by all other operations are disposed. */
function between(tape: readonly Recorded[], by: readonly tf.Tensor[], value: tf.Tensor): Used[] {
  const depends = new Set(by.map(({ id }) => id));
  const used: Used[] = [];
  for (const operation of tape) {
    const wanted = Object.keys(operation.inputs).filter((name) =>
      depends.has(operation.inputs[name]?.id as number),
    );
    if (wanted.length === 0) continue;
    for (const { id } of operation.outputs) depends.add(id);
    used.push({ operation, wanted });
  }
  const leads = new Set([value.id]);
  const way = used.toReversed().filter(({ operation, wanted }) => {
    if (!operation.outputs.some(({ id }) => leads.has(id))) return false;
    for (const name of wanted) leads.add(operation.inputs[name]?.id as number);
    return true;
  });
  const kept = new Set(way.map(({ operation }) => operation));
  for (const operation of tape) if (!kept.has(operation)) release(operation.saved);
  return way;
}

/** @param way last operation first */
function backwards(way: readonly Used[], by: readonly tf.Tensor[], value: tf.Scalar): tf.Tensor[] {
  const gradients = new Map<number, tf.Tensor>([[value.id, tf.onesLike(value)]]);
  for (const { operation, wanted } of way) {
    const own = operation.outputs.map(({ id }) => gradients.get(id) ?? null);
    const found = tf.tidy(() => {
      const of = operation.gradient?.(own);
      return wanted.map((name) => {
        const derivative = of?.[name]?.();
        if (!derivative)
          throw new Error("an operation between the weights and the loss has no gradient");
        // The gradient was propagated unchanged: a second handle allows disposing each of the two.
        return own.includes(derivative) ? tf.clone(derivative) : derivative;
      });
    });
    for (const [i, name] of wanted.entries()) {
      const { id } = operation.inputs[name] as tf.Tensor;
      const before = gradients.get(id);
      const derivative = found[i] as tf.Tensor;
      gradients.set(id, before ? tf.add(before, derivative) : derivative);
      if (before) release([before, derivative]);
    }
    release(own.filter((derivative) => derivative !== null));
    release(operation.saved);
  }
  return by.map(({ id }) => {
    const derivative = gradients.get(id);
    if (!derivative) throw new Error("the loss does not depend on one of the weights");
    return derivative;
  });
}

function release(tensors: readonly tf.Tensor[]): void {
  for (const tensor of tensors) tensor.dispose();
}
