import { expect, it } from "vitest";
import { freeBuffers } from "../src/free-buffers.ts";

const megabytes = 64;
const large = () => new Uint8Array(megabytes * 2 ** 20).fill(1);

it("memory is given back at once, without a garbage collector", () => {
  const before = process.memoryUsage().arrayBuffers;
  const views = [large(), large()];
  const between = process.memoryUsage().arrayBuffers;
  freeBuffers(...views);
  const after = process.memoryUsage().arrayBuffers;
  expect((between - before) / 2 ** 20).toBeGreaterThan(2 * megabytes - 1);
  expect((between - after) / 2 ** 20).toBeGreaterThan(2 * megabytes - 1);
  expect(views.map(({ length }) => length)).toEqual([0, 0]);
});

it("two views of a buffer, one freed before and one moved away may be among them", () => {
  const [shared, freed, moved] = [new Float32Array(8), new Uint8Array(8), new Uint8Array(8)];
  freeBuffers(freed);
  structuredClone(moved, { transfer: [moved.buffer] });
  freeBuffers(shared, new Uint8Array(shared.buffer, 4), freed, moved);
  expect([shared.length, freed.length, moved.length]).toEqual([0, 0, 0]);
});

it("what lies in Node's own pool with others stays", () => {
  const pooled = Buffer.from("a neighbour's");
  expect(pooled.buffer.byteLength).toBeGreaterThan(pooled.length);
  // Node.js 20 passes it over, later ones refuse it.
  try {
    freeBuffers(pooled);
  } catch (error) {
    expect(String(error)).toContain("DataCloneError");
  }
  expect(pooled.toString()).toBe("a neighbour's");
});
