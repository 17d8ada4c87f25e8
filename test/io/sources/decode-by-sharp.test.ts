import { join } from "node:path";
import { expect, test } from "vitest";
import { readRect } from "../../../src/io/sources/decode-by-sharp.ts";
import { readImageHeader } from "../../../src/io/sources/image-header.ts";
import { imageOf, noise, temporaryFolder } from "./images.ts";

test("what was read is freed: reading 500 MB in pieces takes nowhere near 500 MB", async () => {
  const size = { width: 512, height: 512, channels: 3, bits: 8 } as const;
  const path = join(await temporaryFolder(), "a.tif");
  await imageOf(noise(size), size).tiff({ compression: "none", tile: true }).toFile(path);
  const header = await readImageHeader(path, { maxPixels: 1e6 });
  const rect = { x: 0, y: 0, width: 512, height: 512 };
  const bytesOf = async () => (await readRect(path, rect, header, "warning")).samples.byteLength;
  await bytesOf();
  const before = process.memoryUsage.rss();
  for (let read = 0; read < 500e6; ) read += await bytesOf();
  expect(process.memoryUsage.rss() - before).toBeLessThan(250e6);
});
