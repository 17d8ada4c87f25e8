/** Tests `deblur report` of the built command, and its page in a browser: display, data and requests. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, inChromium, launch, openPage } from "../helpers/open-page.ts";
import { runDeblur } from "../helpers/run-deblur.ts";

const weights = fileURLToPath(
  new URL("../fixtures/ufpnet-micro-k7.weights.safetensors", import.meta.url),
);
const net = ["--weights", weights, "--threads", "1"];
/** All characters that are special in HTML and scripts. */
const hostile = `<script>alert(1)<!--&"'`;

let folder: string;
let browser: Browser | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-report-test-"));
  for (const side of ["blur", "sharp"])
    await mkdir(join(folder, "pairs", side), { recursive: true });
  await texture(192, 128)
    .blur(2)
    .toFile(join(folder, "pairs/blur", `${hostile}.png`));
  await texture(192, 128).toFile(join(folder, "pairs/sharp", `${hostile}.png`));
  await texture(128, 96).blur(2).toFile(join(folder, "pairs/blur/second.png"));
  await texture(128, 96).toFile(join(folder, "pairs/sharp/second.png"));
  await texture(96, 64).withMetadata({ orientation: 6 }).toFile(join(folder, "turned.png"));
  await texture(3200, 2528).jpeg().toFile(join(folder, "large.jpg"));
  await writeFile(join(folder, "text.png"), "no picture");
  if (chromiumPath !== undefined) browser = await launch();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true });
});

/** Rough on the left, even on the right, so that tiles differ. */
function texture(width: number, height: number) {
  const samples = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3];
    const rough = x < width / 2 ? 90 : 12;
    return 128 + rough * Math.sin((x * y) / 50 + c) * Math.cos(y / 3 + x / 7);
  });
  return sharp(samples, { raw: { width, height, channels: 3 } }).png();
}

const report = (...words: string[]) =>
  runDeblur(["report", ...words], { cwd: folder, patience: 100_000 });

/** Returns the page's data as its script reads it. */
async function dataOf(path: string) {
  const page = await readFile(join(folder, path), "utf8");
  const [, json = ""] =
    /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page) ?? [];
  return JSON.parse(json);
}

describe("a small picture", () => {
  test("becomes one file with its partner, tiles, kernels, metrics and licences in it", async () => {
    const ended = await report(
      `pairs/blur/${hostile}.png`,
      "-o",
      "one.html",
      "--tile",
      "96",
      ...net,
    );
    expect(ended).toMatchObject({ code: 0, stdout: "" });
    expect(await readdir(folder)).not.toContain("one_files");
    const { pictures, settings, weights: card } = await dataOf("one.html");
    const [{ name, width, height, score, data }] = pictures;
    expect({ name, width, height }).toEqual({ name: `${hostile}.png`, width: 192, height: 128 });
    expect(score.likeness.before.psnr).toBeGreaterThan(10);
    const pixels = data.tiles.reduce(
      (sum: number, tile: { width: number; height: number }) => sum + tile.width * tile.height,
      0,
    );
    expect(pixels).toBe(192 * 128);
    const { size, kernels } = data.field;
    expect([size, kernels.columns, kernels.rows]).toEqual([7, 12, 8]);
    expect(Buffer.from(kernels.taps, "base64")).toHaveLength(12 * 8 * 49);
    expect(Object.fromEntries(settings)).toMatchObject({ tile: "96 px, halo 32 px, 3 in flight" });
    expect(Object.fromEntries(card)).toMatchObject({ file: "ufpnet-micro-k7.weights.safetensors" });
    const page = await readFile(join(folder, "one.html"), "utf8");
    expect(page).not.toContain("<script>alert");
    expect(page).toContain("Redistributions in binary form must reproduce the above copyright");
    expect(page).toContain("Permission is hereby granted, free of charge");
  });

  test("is shown upright", async () => {
    expect(await report("turned.png", "-o", "turned.html", ...net)).toMatchObject({ code: 0 });
    const [{ width, height, data }] = (await dataOf("turned.html")).pictures;
    expect([width, height]).toEqual([64, 96]);
    expect(data.tiles).toMatchObject([{ x: 0, y: 0, width: 64, height: 96 }]);
    const jpeg = Buffer.from(data.images.before.url.split(",")[1], "base64");
    const shown = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
    const turned = await sharp(join(folder, "turned.png"))
      .autoOrient()
      .removeAlpha()
      .raw()
      .toBuffer();
    expect([shown.info.width, shown.info.height]).toEqual([64, 96]);
    const apart = turned.reduce((sum, value, i) => sum + Math.abs(value - (shown.data[i] ?? 0)), 0);
    expect(apart / turned.length).toBeLessThan(6);
  });

  test("is refused in one line if the page exists, is no file, or the picture is damaged", async () => {
    await writeFile(join(folder, "there.html"), "mine");
    for (const [words, code, line] of [
      [["pairs/blur/second.png", "-o", "there.html"], 73, /^deblur: there\.html: exists already/],
      [["pairs/blur/second.png", "-o", "page.png"], 2, /^deblur: Expected a page ending in \.html/],
      [["text.png", "-o", "page.html"], 65, /^deblur: text\.png: Expected a PNG/],
      [
        ["pairs", "-o", "page.html", "--sharp", "a.png"],
        2,
        /^deblur: Expected one picture for --sharp/,
      ],
    ] as const) {
      const { stderr, ...ended } = await report(...words, "--engine", "copy");
      expect(ended).toEqual({ code, stdout: "" });
      expect(stderr).toMatch(line);
      expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    }
    expect(await readFile(join(folder, "there.html"), "utf8")).toBe("mine");
    const left = (await readdir(folder)).filter((name) => name.startsWith("page"));
    expect(left).toEqual([]);
  });
});

/** Mean colour of a square of the screen, in parts of the view. */
async function colourAt(page: Page, [x, y]: readonly [number, number]): Promise<readonly number[]> {
  const box = await page.locator("#view").boundingBox();
  if (!box) throw new Error("there is no view");
  const clip = { x: box.x + x * box.width, y: box.y + y * box.height, width: 24, height: 24 };
  const { channels } = await sharp(await page.screenshot({ clip })).stats();
  return channels.slice(0, 3).map(({ mean }) => Math.round(mean));
}

inChromium.describe("the page in Chromium", () => {
  /** The input is red and the ground truth green, so that a colour identifies each. */
  const open = async (name: string, options = {}) => {
    const opened = await openPage(browser as Browser, join(folder, name), options);
    await opened.page.waitForSelector("#viewer[data-opened='3']");
    return opened;
  };

  test("compares, zooms and describes a point, by mouse and keyboard, without any request", async () => {
    await report(`pairs/blur/${hostile}.png`, "-o", "page.html", "--tile", "96", "-f", ...net);
    const { page, complaints, requests } = await open("page.html");
    expect(await page.title()).toBe(`${hostile}.png`);

    // Left of the slider is "before", right of it "after".
    const [left, right] = [
      [0.3, 0.4],
      [0.62, 0.4],
    ] as const;
    const seen = async (mode: string, place: readonly [number, number]) => {
      await page.click(`[data-mode=${mode}]`);
      await page.waitForTimeout(300);
      return colourAt(page, place);
    };
    const before = [await seen("before", left), await seen("before", right)];
    const after = [await seen("after", left), await seen("after", right)];
    expect(before[0]).not.toEqual(after[0]);
    expect(before[1]).not.toEqual(after[1]);
    expect(await seen("slider", left)).toEqual(before[0]);
    expect(await seen("slider", right)).toEqual(after[1]);

    const slider = page.getByRole("slider");
    await slider.focus();
    await page.keyboard.press("End");
    await page.waitForTimeout(300);
    expect(await slider.getAttribute("aria-valuenow")).toBe("100");
    expect(await colourAt(page, right)).toEqual(before[1]);
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowRight");
    expect(await slider.getAttribute("aria-valuenow")).toBe("2");

    // Lengths and directions of motions, in histograms over every point.
    for (const id of ["lengths", "directions"])
      expect(await page.locator(`#${id} canvas`).isVisible()).toBe(true);
    expect(await page.locator("#motions-note").textContent()).toMatch(/^96 places\. Median length/);
    const counted = (await page.evaluate(
      "state.data.field.kernels.length.filter((x) => x !== null).length",
    )) as number;
    expect(counted).toBe(96);

    // Hover.
    const box = await page.locator("#view").boundingBox();
    if (!box) throw new Error("there is no view");
    const there = page.locator("#there");
    await page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.5);
    await expect.poll(() => there.textContent()).toMatch(/motion\d/);
    const hovered = await there.textContent();
    expect(hovered).toMatch(/σ[\d.]/);
    await page.mouse.move(box.x + box.width * 0.7, box.y + box.height * 0.5);
    await expect.poll(() => there.textContent()).not.toBe(hovered);

    // Keys.
    await page.locator("#viewer .openseadragon-canvas").first().focus();
    const pixelOf = async () =>
      /pixel(\d+), (\d+)/
        .exec((await there.textContent()) ?? "")
        ?.slice(1)
        .map(Number);
    const [x = 0, y = 0] = (await pixelOf()) ?? [];
    await page.keyboard.press("Shift+ArrowLeft");
    const [nextX = 0, nextY = 0] = (await pixelOf()) ?? [];
    expect(x - nextX).toBeGreaterThanOrEqual(8);
    expect(Math.abs(y - nextY)).toBeLessThanOrEqual(8);
    for (const [key, layer] of [
      ["k", "kernels"],
      ["s", "sigma"],
      ["t", "tiles"],
    ] as const) {
      const old = await colourAt(page, left);
      await page.keyboard.press(key);
      expect(await page.getAttribute(`[data-layer=${layer}]`, "aria-pressed")).toBe("true");
      await page.waitForTimeout(200);
      expect(await colourAt(page, left)).not.toEqual(old);
    }
    const scale = () => page.evaluate("viewer.view().scale") as Promise<number>;
    const fit = await scale();
    await page.keyboard.press("+");
    await expect.poll(scale).toBeGreaterThan(fit * 1.1);
    await page.keyboard.press("0");
    await expect.poll(async () => Math.abs((await scale()) / fit - 1)).toBeLessThan(0.01);

    expect(complaints).toEqual([]);
    expect(requests).toEqual([expect.stringMatching(/^file:.*page\.html$/)]);
  });

  test("leads to the tile that gained least", async () => {
    await report("pairs/blur/second.png", "-o", "worst.html", "--tile", "80", "-f", ...net);
    const { page, complaints } = await open("worst.html");
    const [{ data }] = (await dataOf("worst.html")).pictures;
    type Tile = { index: number; x: number; before: number; after: number };
    const gain = ({ before, after }: Tile) => after - before;
    const [worst] = data.tiles.toSorted((a: Tile, b: Tile) => gain(a) - gain(b));
    const first = page.locator("#tiles tbody tr").first().locator("button");
    expect(await first.textContent()).toBe(`${worst.index}`);
    const old = (await page.evaluate("viewer.view()")) as { scale: number };
    await first.click();
    await expect
      .poll(async () => ((await page.evaluate("viewer.view()")) as { scale: number }).scale)
      .toBeGreaterThan(old.scale * 1.2);
    expect(await page.locator("#there").textContent()).toMatch(new RegExp(`tile${worst.index}$`));
    // By another metric.
    await page.click("#tiles thead button:has-text('s')");
    expect(complaints).toEqual([]);
  });

  test.each(["with ground truth", "without"])("lists a spoiled tile first: %s", async (truth) => {
    // White at (84, 72): in the second tile of the second row, with 64×64 pixels each.
    const mark = await sharp({
      create: { width: 8, height: 8, channels: 3, background: "#fff" },
    })
      .png()
      .toBuffer();
    const marked = texture(192, 128).composite([{ input: mark, left: 80, top: 68 }]);
    const [blurry, sharpSide] = truth === "without" ? ["alone"] : ["spoiled/blur", "spoiled/sharp"];
    for (const side of [blurry, sharpSide]) {
      if (side === undefined) continue;
      await mkdir(join(folder, side), { recursive: true });
      await marked.clone().toFile(join(folder, side, "a.png"));
    }
    const words = ["report", `${blurry}/a.png`, "-o", `${truth}.html`];
    const tiling = ["--tile", "64", "--halo", "0"];
    const ended = await runDeblur([...words, ...tiling], { cwd: folder, fault: "spoiling" });
    expect(ended.code).toBe(0);
    const { page, complaints } = await openPage(browser as Browser, join(folder, `${truth}.html`));
    await page.waitForSelector(`#viewer[data-opened='${truth === "without" ? 2 : 3}']`);
    const first = page.locator("#tiles tbody tr").first();
    expect(await first.locator("td").nth(2).textContent()).toBe("64, 64 · 64×64");
    await first.locator("button").click();
    const there = page.locator("#there");
    await expect.poll(() => there.textContent()).toMatch(/pixel9\d, 9\d/);
    // The same by keyboard, and by colour over the image.
    await page.locator("#viewer .openseadragon-canvas").first().focus();
    await page.keyboard.press("t");
    await page.keyboard.press("n");
    expect(await there.textContent()).not.toMatch(/pixel9\d, 9\d/);
    await page.keyboard.press("p");
    expect(await there.textContent()).toMatch(/pixel9\d, 9\d/);
    expect(complaints).toEqual([]);
  });

  test("shows the chosen one of several pictures, also on a phone and in dark mode", async () => {
    const ended = await report("pairs", "-o", "set.html", "-f", ...net);
    expect(ended.code).toBe(0);
    const phone = { viewport: { width: 390, height: 800 }, hasTouch: true, colorScheme: "dark" };
    const { page, complaints } = await open("set.html", phone);
    await page.getByRole("button", { name: "second" }).click();
    await expect.poll(() => page.locator("#subtitle").textContent()).toMatch(/^128×96/);
    const width = await page.evaluate("document.documentElement.scrollWidth");
    expect(width).toBeLessThanOrEqual(390);
    const ground = await page.evaluate("getComputedStyle(document.body).backgroundColor");
    expect(ground).toBe("rgb(19, 20, 22)");
    await page.locator("#viewer").tap({ position: { x: 90, y: 240 } });
    await expect.poll(() => page.locator("#there").textContent()).toMatch(/motion\d/);
    expect(complaints).toEqual([]);
  });

  test("reads Deep Zoom tiles of a large picture from the folder beside it", async () => {
    const ended = await report("large.jpg", "-o", "large.html", "--engine", "copy");
    expect(ended).toMatchObject({ code: 0 });
    expect(await readdir(join(folder, "large_files/1"))).toContain("after_files");
    const { page, complaints, requests } = await openPage(
      browser as Browser,
      join(folder, "large.html"),
    );
    await page.waitForSelector("#viewer[data-opened='2']");
    await page.click("[data-mode=after]");
    await page.click("[data-zoom=whole]");
    await expect
      .poll(() => requests.filter((url) => /\/large_files\/1\/after_files\/12\//.test(url)).length)
      .toBeGreaterThan(3);
    await page.waitForTimeout(500);
    // Hidden images are not loaded, which saves memory.
    const full = (side: string) => requests.filter((url) => url.includes(`/${side}_files/12/`));
    expect(full("before")).toEqual([]);
    await page.click("[data-mode=slider]");
    await expect.poll(() => full("before").length).toBeGreaterThan(0);
    expect(full("before").length).toBeLessThan(full("after").length);
    expect(complaints).toEqual([]);
    expect(requests.filter((url) => !url.startsWith("file:"))).toEqual([]);
    // Without kernels the page shows none.
    expect(await page.locator("[data-layer=kernels]").isVisible()).toBe(false);
  }, 120_000);
});
