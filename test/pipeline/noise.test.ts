/** Tests seeded noise in the whole pipeline: it depends on the seed and the position alone. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lastValueFrom } from "rxjs";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { planGrid } from "../../src/image/tiling/grid.ts";
import type { Origin } from "../../src/model/engine.ts";
import { deblurImage } from "../../src/pipeline/deblur-image.ts";
import { referenceNets } from "../fixtures/reference.ts";
import { runDeblur } from "../helpers/run-deblur.ts";
import {
  fakeEngine,
  memoryConvert,
  memorySink,
  memorySource,
  noiseImage,
} from "../operators/fakes.ts";

const [reference] = referenceNets();
if (!reference) throw new Error("there is no reference net");
const { weightsPath } = reference;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-noise-"));
  const [width, height] = [120, 90];
  const values = Uint16Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    return 32_768 + 16_000 * Math.sin(x / 5) * Math.cos(y / 7);
  });
  await sharp(values, { raw: { width, height, channels: 3 } })
    .toColourspace("rgb16")
    .png()
    .toFile(join(folder, "in.png"));
});
afterAll(() => rm(folder, { recursive: true }));

async function restored(name: string, ...words: string[]): Promise<Buffer> {
  const cut = ["--weights", weightsPath, "--tile", "64", "--halo", "16", "-q"];
  const ended = await runDeblur(["in.png", "-o", name, ...cut, ...words], { cwd: folder });
  expect(ended).toEqual({ code: 0, stdout: "", stderr: "" });
  return readFile(join(folder, name));
}

describe("noise", () => {
  it("gives the same bytes for a seed with any number in flight, and others for another seed", async () => {
    const seven = await restored("a.png", "--noise", "7", "--in-flight", "1");
    expect(await restored("b.png", "--noise", "7", "--in-flight", "4")).toEqual(seven);
    expect(await restored("c.png", "--noise", "7", "--in-flight", "4")).toEqual(seven);
    const others = [await restored("d.png", "--noise", "8"), await restored("e.png")];
    for (const other of others) expect(other).not.toEqual(seven);
  });

  it("is sampled at the position that each tile reads from", async () => {
    const image = noiseImage({ width: 131, height: 83, channels: 3, bits: 8 });
    const cut = { tile: 48, halo: 16, feather: 8 };
    const asked: (Origin | undefined)[] = [];
    const engine = fakeEngine();
    const listening: typeof engine = {
      ...engine,
      decodeFlow(codes, origin) {
        asked.push(origin);
        return engine.decodeFlow(codes, origin);
      },
    };
    await lastValueFrom(
      deblurImage(memorySource(image), memorySink(image), listening, {
        ...cut,
        convert: memoryConvert(8),
        inFlight: 1,
        timeout: 60,
      }),
    );
    const grid = planGrid({ ...image, ...cut, alignment: 16 });
    expect(asked).toEqual(
      [...grid.tiles()].map(({ read: { x, y } }) => expect.objectContaining({ x, y })),
    );
    expect(asked.length).toBeGreaterThan(4);
  });
});
