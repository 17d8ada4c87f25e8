/** A batch in, a part of it out: everything in a batch lies one kernel or pair after the other. */

interface Counted {
  readonly count: number;
}

/** `count` of its kernels or pairs, from number `from` on; copies. */
export function batchPart<Batch extends Counted>(batch: Batch, from: number, count: number): Batch {
  const part = Object.entries(batch).map(([name, value]) => {
    if (!(value instanceof Float32Array)) return [name, value];
    const each = value.length / batch.count;
    return [name, value.slice(from * each, (from + count) * each)];
  });
  return { ...(Object.fromEntries(part) as Batch), count };
}

/** In `parts` as equal as can be, the larger ones first. @throws RangeError where a part would be empty */
export function dividedBatch<Batch extends Counted>(batch: Batch, parts: number): Batch[] {
  if (batch.count < parts) throw new RangeError(`expected a batch of at least ${parts}`);
  const bounds = Array.from({ length: parts + 1 }, (_, i) => Math.ceil((i * batch.count) / parts));
  return bounds
    .slice(1)
    .map((end, i) => batchPart(batch, bounds[i] as number, end - (bounds[i] as number)));
}
