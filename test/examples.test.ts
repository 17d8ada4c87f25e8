/** Every file in examples/, run as its head says, through the built package. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { noiseFrame } from "./pipeline/frames/frames.ts";

// Each opens an engine of its own in a process of its own.
vi.setConfig({ testTimeout: 240_000 });

const root = fileURLToPath(new URL("..", import.meta.url));
const street = join(root, "examples/street.png");
const size = { width: 96, height: 80 };
let folder: string;
let photo: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-examples-"));
  await mkdir(join(folder, "photos"));
  photo = join(folder, "photos", "street.png");
  await sharp(street)
    .extract({ left: 100, top: 100, ...size })
    .toFile(photo);
});
afterAll(() => rm(folder, { recursive: true }));

const ran: string[] = [];
const start = (name: string): string[] => {
  ran.push(name);
  return [join(root, "examples", name)];
};
const run = async (name: string, ...words: string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)(process.execPath, [...start(name), ...words]);
  return stdout;
};
const rawOf = (path: string) => sharp(path).raw().toBuffer();

test("folder.js restores what it can and tells the rest", async () => {
  const photos = join(folder, "mixed");
  await mkdir(photos);
  await writeFile(join(photos, "broken.jpg"), "no picture");
  await writeFile(join(photos, "good.png"), await readFile(photo));
  const said = await run("folder.js", photos, join(folder, "restored"));
  expect(said).toMatch(/^2 pictures\n/);
  expect(said).toMatch(/broken\.jpg: .*\n.*good\.png: 96×80\n1 restored, 1 failed\n$/s);
  expect(await readdir(join(folder, "restored"))).toEqual(["good.png"]);
});

test("camera.js writes some frames, counts the others, and loses none", async () => {
  const frames = join(folder, "frames");
  await mkdir(frames);
  const said = await run("camera.js", street, frames, "12");
  const [, written, dropped] = /^(\d+) written, (\d+) dropped\n$/.exec(said) ?? [];
  expect(Number(written) + Number(dropped)).toBe(12);
  const names = (await readdir(frames)).sort();
  expect(names).toHaveLength(Number(written));
  expect(names[0]).toBe("0000.png");
});

test("server.js gives back a picture for a picture, and 400 for anything else", async () => {
  const server = spawn(process.execPath, [...start("server.js"), "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const [said] = await once(server.stdout, "data");
    const address = `http://localhost:${/\d+/.exec(String(said))?.[0]}`;
    const image = await readFile(photo);
    const post = (body: Buffer) => fetch(address, { method: "POST", body: new Uint8Array(body) });
    const [good, same, bad] = await Promise.all([
      post(image),
      post(image),
      post(Buffer.from("no picture")),
    ]);
    const restored = Buffer.from(await good.arrayBuffer());
    expect(good.status).toBe(200);
    expect(await sharp(restored).metadata()).toMatchObject({ format: "png", ...size });
    expect(restored.equals(Buffer.from(await same.arrayBuffer()))).toBe(true);
    expect(bad.status).toBe(400);
    expect(await bad.text()).toMatch(/^standard input: Expected/);
  } finally {
    const closed = once(server, "exit");
    server.kill("SIGTERM");
    expect(await closed).toEqual([0, null]);
  }
});

test("own-ends.js writes what the command writes", async () => {
  const [input, output] = [join(folder, "in.rgb"), join(folder, "out.rgb")];
  await writeFile(input, await rawOf(photo));
  const said = await run("own-ends.js", input, output, "96", "80");
  expect(said).toBe("1 of 1\n");
  const restored = join(folder, "restored-by-file.png");
  const { deblurFile } = await import("../dist/src/index.js");
  await deblurFile(photo, restored, { tile: 256 });
  // Rounded like Uint8ClampedArray, ties to even.
  const [own, ours] = [await readFile(output), await rawOf(restored)];
  expect(own.length).toBe(ours.length);
  const apart = own.map((value, i) => Math.abs(value - (ours[i] as number)));
  expect(Math.max(...apart)).toBeLessThanOrEqual(1);
  expect(own.equals(await readFile(input))).toBe(false);
});

test("own-ends.js: a file that is shorter than said is an error that says so", async () => {
  await writeFile(join(folder, "short.rgb"), new Uint8Array(96 * 80 * 3 - 1));
  const running = run("own-ends.js", join(folder, "short.rgb"), join(folder, "no.rgb"), "96", "80");
  await expect(running).rejects.toThrow("ends before row 79 does");
});

test("by-hand.js writes what the command writes, and says what it saw", async () => {
  const [output, restored] = [join(folder, "by-hand.png"), join(folder, "by-command.png")];
  const said = await run("by-hand.js", photo, output);
  expect(said).toMatch(
    /^tile 0: 24×20 kernels\n1 of 1 tiles kept, mean colour 0\.\d\d\n.*: 96×80, 0 tensors left\n$/,
  );
  const { deblurFile } = await import("../dist/src/index.js");
  await deblurFile(photo, restored, { tile: 256, skipSharp: true });
  expect((await rawOf(output)).equals(await rawOf(restored))).toBe(true);
});

test("scales.js writes what the command writes at scale auto", async () => {
  const [output, restored] = [join(folder, "by-cells.png"), join(folder, "by-scale.png")];
  const said = await run("scales.js", photo, output, "auto");
  expect(said).toBe(`${output}: 96×80, 1 tiles, 0 tensors left\n`);
  const { deblurFile } = await import("../dist/src/index.js");
  await deblurFile(photo, restored, { tile: 256, scale: "auto" });
  expect((await rawOf(output)).equals(await rawOf(restored))).toBe(true);
});

test("strength.js writes what the command writes with that mask and strength", async () => {
  const [output, restored] = [join(folder, "by-mask.png"), join(folder, "masked.png")];
  const mask = join(folder, "mask.png");
  const half = { create: { width: 48, height: 80, channels: 3, background: "white" } } as const;
  await sharp({ create: { width: 96, height: 80, channels: 3, background: "black" } })
    .composite([{ input: half, left: 48, top: 0 }])
    .png()
    .toFile(mask);
  const said = await run("strength.js", photo, mask, output);
  expect(said).toBe(`${output}: 1 tiles, 0 tensors left\n`);
  const { deblurFile } = await import("../dist/src/index.js");
  await deblurFile(photo, restored, { tile: 256, mask, strength: 0.8 });
  expect((await rawOf(output)).equals(await rawOf(restored))).toBe(true);
});

test("operators.js: each operator does what its line says", async () => {
  const lines = (await run("operators.js")).trim().split("\n");
  expect(lines).toEqual([
    "admit: 20 30 300",
    "openTurns: 300 20 30",
    "pullAhead: 300 20 30",
    "admitPushed: some were dropped, the last is 8",
    "exclusive: one begins, one ends, other begins, other ends",
    "attempt: done at try 3",
    "stage: true tile 8×8 at (0, 0), stage decode: no answer within 0.05 s",
    "untilAborted: TimeoutError",
    "pulled: 1 2 3",
  ]);
});

test("every operator is in one of them", async () => {
  const names = Object.entries(await import("../dist/src/operators.js"))
    .filter(([name, value]) => typeof value === "function" && !name.endsWith("Error"))
    .map(([name]) => name);
  const files = await readdir(join(root, "examples"));
  const programs = await Promise.all(
    files
      .filter((name) => name.endsWith(".js"))
      .map((name) => readFile(join(root, "examples", name), "utf8")),
  );
  const used = (name: string) => programs.some((text) => new RegExp(`\\b${name}\\(`).test(text));
  expect(names.filter((name) => !used(name))).toEqual([]);
});

test("own-engine.js sharpens, and leaves nothing on the engine", async () => {
  const output = join(folder, "unsharp.png");
  const said = await run("own-engine.js", photo, output, "1");
  expect(said).toBe(`${output}: 96×80, 1 tiles, 0 tensors left\n`);
  const contrast = async (path: string) => (await sharp(path).stats()).channels[1]?.stdev ?? 0;
  expect(await contrast(output)).toBeGreaterThan(await contrast(photo));
});

test("shared-engine.js restores two pictures at the same time", async () => {
  const other = join(folder, "other.png");
  await sharp(photo).rotate(90).toFile(other);
  const said = await run("shared-engine.js", photo, other);
  expect(said.match(/: [1-9]\d* % of the samples changed/g)).toHaveLength(2);
});

test("web-streams.js gives as many frames as it gets", async () => {
  const line = "YUV4MPEG2 W48 H32 F25:1 Ip C420jpeg\n";
  const frame = { width: 48, height: 32 };
  const frames = [1, 2, 3].map((seed) => noiseFrame("420jpeg", frame, seed).data);
  const video = Buffer.concat([
    Buffer.from(line),
    ...frames.flatMap((data) => [Buffer.from("FRAME\n"), data]),
  ]);
  const child = spawn(process.execPath, start("web-streams.js"), {
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.end(video);
  const parts: Buffer[] = [];
  for await (const part of child.stdout) parts.push(part);
  const restored = Buffer.concat(parts);
  expect(restored.length).toBe(video.length);
  expect(restored.subarray(0, line.length + 6).toString()).toBe(`${line}FRAME\n`);
});

test("training-pairs.js makes the same pairs for the same seed", async () => {
  const photos = join(folder, "photos");
  const [first, again, other] = await Promise.all([
    run("training-pairs.js", photos, "2", "7"),
    run("training-pairs.js", photos, "2", "7"),
    run("training-pairs.js", photos, "2", "8"),
  ]);
  expect(first).toMatch(/^(?:\d+\.\d\d ){4}dB\n(?:\d+\.\d\d ){4}dB\n$/);
  expect(again).toBe(first);
  expect(other).not.toBe(first);
});

test("kernel-field.js tells of every point", async () => {
  const weights = join(root, "weights/ufpnet-lite.safetensors");
  const lines = (await run("kernel-field.js", photo, weights, "32")).trim().split("\n");
  expect(lines[0]).toBe("x,y,sigma,across,down");
  expect(lines).toHaveLength(1 + 3 * 2);
  for (const line of lines.slice(1)) expect(line.split(",").every((it) => it !== "NaN")).toBe(true);
});

test("before-after.js puts two pictures side by side", async () => {
  const output = join(folder, "both.png");
  await run("before-after.js", photo, photo, output, "0", "0", "40", "30");
  expect(await sharp(output).metadata()).toMatchObject({ width: 88, height: 30 });
});

test("none is left out", async () => {
  const files = (await readdir(join(root, "examples"))).filter((name) => name.endsWith(".js"));
  expect([...new Set(ran)].sort()).toEqual(files.sort());
});
