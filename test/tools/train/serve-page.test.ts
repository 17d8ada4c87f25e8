/** Tests the served page: the current file, for this machine alone. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { servePage } from "../../../src/tools/train/serve-page.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-serve-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("servePage", () => {
  test("answers with the file as it is now, and no longer once closed", async () => {
    const path = join(folder, "page.html");
    const { address, close } = await servePage(path, 0);
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    expect((await fetch(address)).status).toBe(503);
    for (const text of ["first", "second"]) {
      await writeFile(path, text);
      expect(await (await fetch(address)).text()).toBe(text);
    }
    expect((await fetch(`${address}../etc/passwd`)).status).toBe(404);
    await close();
    await close();
    await expect(fetch(address)).rejects.toThrow();
  });

  test("gives no answer to a page of another name", async () => {
    const path = join(folder, "page.html");
    await writeFile(path, "mine");
    const { address, close } = await servePage(path, 0);
    const status = await new Promise((resolve) => {
      get(address, { headers: { host: "example.org" } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
    });
    expect(status).toBe(403);
    await close();
  });

  test("reports a taken port", async () => {
    const { address, close } = await servePage(join(folder, "page.html"), 0);
    const port = Number(new URL(address).port);
    await expect(servePage(join(folder, "page.html"), port)).rejects.toThrow(
      /^Expected a free port for serve but \d+: /,
    );
    await close();
  });
});
