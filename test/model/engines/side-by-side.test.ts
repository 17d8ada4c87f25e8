import { describe, expect, test } from "vitest";
import type { DeviceTensor, Engine, Ticket } from "../../../src/model/engine.ts";
import { openCopyEngine } from "../../../src/model/engines/copy.ts";
import { createLane } from "../../../src/model/engines/lane.ts";
import { sideBySide } from "../../../src/model/engines/side-by-side.ts";
import { turns } from "../../operators/fakes.ts";

/** A copy engine that keeps the first pixel of what it was given, and says whether it was disposed. */
function remembering(): Engine & { disposed: boolean; seen: number[] } {
  const copy = openCopyEngine();
  const values = new Map<number, number>();
  const engine = {
    ...copy,
    disposed: false,
    seen: [] as number[],
    async upload(pixels: Float32Array<ArrayBuffer>, height: number, width: number) {
      const tensor = await copy.upload(pixels, height, width);
      values.set(tensor.id, pixels[0] as number);
      engine.seen.push(pixels[0] as number);
      return tensor;
    },
    async download({ id }: DeviceTensor) {
      return Float32Array.of(values.get(id) ?? Number.NaN);
    },
    async dispose() {
      engine.disposed = true;
      await copy.dispose();
    },
  };
  return engine;
}

const image = (value: number) => new Float32Array(3 * 16 * 16).fill(value);

/** `count` tiles wait for the lane of `engine`; whoever is let in counts as `inside`. */
async function queue(engine: Engine, count: number) {
  const inside = new Set<Ticket>();
  const tickets = Array.from({ length: count }, () => engine.lane.enter());
  for (const ticket of tickets) void ticket.ready.then(() => inside.add(ticket));
  await turns(5);
  return { inside, tickets };
}

describe("engines side by side", () => {
  test("a second is opened when tiles queue up, and two tiles are in the lane from then on", async () => {
    const [first, second] = [remembering(), remembering()];
    const both = sideBySide(first, async () => second);
    const { inside, tickets } = await queue(both, 6);
    expect(inside.size).toBe(2);
    tickets[0]?.leave();
    await turns(2);
    expect(inside.size).toBe(3);
    await both.dispose();
  });

  test("none is opened for few tiles, or where nobody waits", async () => {
    const opened: number[] = [];
    const both = sideBySide(remembering(), async () => {
      opened.push(1);
      return remembering();
    });
    const { tickets } = await queue(both, 4);
    for (const ticket of tickets) ticket.leave();
    for (let i = 0; i < 20; i++) {
      const ticket = both.lane.enter();
      await ticket.ready;
      ticket.leave();
    }
    expect(opened).toEqual([]);
    await both.dispose();
  });

  test("tiles go to the engine that has none, and each tensor stays with the engine that made it", async () => {
    const [first, second] = [remembering(), remembering()];
    const both = sideBySide(first, async () => second);
    await queue(both, 6);
    const [a, b] = await Promise.all([
      both.upload(image(1), 16, 16),
      both.upload(image(2), 16, 16),
    ]);
    expect([first.seen, second.seen]).toEqual([[1], [2]]);
    expect([await both.download(a), await both.download(b)]).toEqual([
      Float32Array.of(1),
      Float32Array.of(2),
    ]);
    const codes = await both.estimateKernels(b);
    const kernels = await both.decodeFlow(codes);
    expect((await both.restore(b, kernels)).residual).toHaveLength(3 * 16 * 16);
    expect([first.liveHandles(), second.liveHandles(), both.liveHandles()]).toEqual([1, 4, 5]);
    both.release(b, codes.code, codes.sigma, kernels);
    expect([first.liveHandles(), second.liveHandles()]).toEqual([1, 0]);
    await both.upload(image(3), 16, 16);
    expect(second.seen).toEqual([2, 3]);
    await both.dispose();
  });

  test("where no second can be had the first goes on alone", async () => {
    const both = sideBySide(remembering(), () => Promise.reject(new Error("no memory")));
    const { inside, tickets } = await queue(both, 6);
    expect(inside.size).toBe(1);
    tickets[0]?.leave();
    await turns(2);
    expect(inside.size).toBe(2);
    await both.dispose();
  });

  test("both are disposed, also one that is still being opened", async () => {
    const [first, second] = [remembering(), remembering()];
    let open!: (engine: Engine) => void;
    const opening = new Promise<Engine>((resolve) => {
      open = resolve;
    });
    const both = sideBySide(first, () => opening);
    await queue(both, 6);
    const disposed = both.dispose();
    open(second);
    await disposed;
    expect([first.disposed, second.disposed]).toEqual([true, true]);
  });
});

test("a widened lane lets in one more, in the order they came, and who leaves before its turn takes no place", async () => {
  const lane = createLane();
  const order: number[] = [];
  const tickets = [0, 1, 2, 3, 4].map((i) => {
    const ticket = lane.enter();
    void ticket.ready.then(() => order.push(i));
    return ticket;
  });
  await turns(2);
  expect(order).toEqual([0]);
  tickets[1]?.leave();
  lane.widen();
  await turns(2);
  expect(order).toEqual([0, 2]);
  tickets[0]?.leave();
  tickets[0]?.leave();
  await turns(2);
  expect(order).toEqual([0, 2, 3]);
});
