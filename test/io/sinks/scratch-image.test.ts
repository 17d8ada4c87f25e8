import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { openScratchImage } from "../../../src/io/sinks/scratch-image.ts";
import { openFiles, openFilesTold } from "../../helpers/open-files.ts";

openFilesTold.test(
  "a picture of which no file can be made leaves neither file nor descriptor",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "deblur-scratch-"));
    try {
      const size = { width: 2 ** 40, height: 2 ** 20, channels: 3, sampleType: "uint8" } as const;
      await expect(openScratchImage(join(folder, "one"), size)).rejects.toThrow();
      expect(openFiles().filter((path) => path.startsWith(folder))).toEqual([]);
      expect(await readdir(folder)).toEqual([]);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);
