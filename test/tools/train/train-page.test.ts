/** Tests the page of a training run in a browser, measurement by measurement. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { sampleOfPair, samplePair } from "../../../src/tools/train/sample-sheet.ts";
import { trainPage } from "../../../src/tools/train/train-page.ts";
import { inChromium, launch, openPage } from "../../helpers/open-page.ts";
import { noise, temporaryFolder } from "../../io/sources/images.ts";

const size = { width: 32, height: 32 };
const grey = (level: number) => new Uint8Array(32 * 32 * 3).fill(level);

/** Measurements at steps 100, 200 and 300, the second the best; what is restored is a grey of its own at each. */
async function pageOf(): Promise<string> {
  const pair = { ...size, sharp: grey(200), blurry: grey(10) };
  const taps = new Float32Array(64 * 9).fill(0.5);
  const sheets = await Promise.all(
    [24, 26, 25].map(async (psnr, i) => {
      const seen = { restored: grey(50 + 50 * i), kernels: { size: 3, across: 8, taps } };
      const found = { psnr, blurryPsnr: 20, reblurPsnr: 27 };
      return { iteration: 100 * (i + 1), found, samples: [await sampleOfPair(pair, seen)] };
    }),
  );
  const records = sheets.map(({ iteration, found }) => ({
    ...{ stage: "restore" as const, iteration, iterations: 300, loss: -20, norm: 1, lr: 1e-3 },
    ...{ seconds: iteration, waited: 0, validation: found },
  }));
  const samples = { pairs: [await samplePair(pair)], sheets };
  return trainPage({ title: "stage restore", records, samples, settings: [["seed", "0"]] });
}

test("twelve sheets of four pairs of 256×256 are a page below 8 MB, however noisy", async () => {
  const side = { width: 256, height: 256 };
  const rgb = (seed: number) => noise({ ...side, channels: 3, bits: 8 }, seed) as Uint8Array;
  const pair = { ...side, sharp: rgb(1), blurry: rgb(2) };
  const of = await sampleOfPair(pair, { restored: rgb(3), kernels: undefined });
  const found = { psnr: 1, blurryPsnr: 1, reblurPsnr: 1 };
  const sheets = Array.from({ length: 12 }, (_, i) => ({
    ...{ iteration: i + 1, found, samples: [of, of, of, of] },
  }));
  const shown = await samplePair(pair);
  const samples = { pairs: [shown, shown, shown, shown], sheets };
  const page = trainPage({ title: "", records: [], samples, settings: [] });
  expect(page.length).toBeLessThan(8e6);
});

inChromium.describe("the page in Chromium", () => {
  test("steps through the measurements, and stays at one when it is loaded anew", async () => {
    const path = join(await temporaryFolder(), "restore.html");
    await writeFile(path, await pageOf());
    const browser = await launch();
    onTestFinished(() => browser.close());
    const { page, complaints, requests } = await openPage(browser, path);
    const words = page.locator("#sheet-words");
    const levelOf = () =>
      page.evaluate(`(() => {
          const image = document.querySelector("#samples tbody td:nth-child(2) img");
          const canvas = document.createElement("canvas");
          canvas.getContext("2d").drawImage(image, 0, 0, 1, 1, 0, 0, 1, 1);
          return canvas.getContext("2d").getImageData(0, 0, 1, 1).data[0];
        })()`) as Promise<number>;
    const close = async (level: number) =>
      expect.poll(async () => Math.abs((await levelOf()) - level)).toBeLessThan(4);

    for (const id of ["loss", "psnr", "reblur", "rate"])
      expect(await page.locator(`#${id} canvas`).isVisible()).toBe(true);
    expect(await page.locator("#psnr .u-label").allTextContents()).toEqual([
      ...["step", "restored", "blurry"],
    ]);
    expect(await words.textContent()).toBe("step 300 (last): 25.00 dB, re-blurred 27.00 dB");
    await close(150);
    expect(await page.locator("#samples th").allTextContents()).toEqual([
      ...["blurry", "restored", "sharp", "kernels"],
    ]);
    await page.getByRole("button", { name: "The measurement before" }).click();
    expect(await words.textContent()).toMatch(/^step 200 \(best\): 26\.00 dB/);
    await close(100);
    await page.reload();
    expect(await words.textContent()).toMatch(/^step 200 \(best\)/);
    await page.getByRole("slider").focus();
    await page.keyboard.press("ArrowLeft");
    expect(await words.textContent()).toMatch(/^step 100 \(first\): 24\.00 dB/);
    await close(50);
    expect(await page.locator("#sheet-before").isDisabled()).toBe(true);
    await page.locator("#strip button").nth(2).click();
    expect(await words.textContent()).toMatch(/^step 300 \(last\)/);
    expect(await page.locator("#strip button[aria-pressed=true]").allTextContents()).toEqual([
      "step 300last",
    ]);
    expect(complaints).toEqual([]);
    expect(requests.every((url) => url.startsWith("file:"))).toBe(true);
  });
});
