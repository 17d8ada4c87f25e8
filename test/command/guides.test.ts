/**
 * Runs the README and the guides: shell blocks by the built command, JavaScript blocks as programs, each document in
 * a folder of its own, block by block. "```sh norun" marks a block that is not run, "```sh needs=PROGRAM" one that is
 * skipped where the program is missing.
 */
import { execFile, execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { inPath, needs } from "../helpers/needs.ts";
import { type RedisServer, startRedis } from "../helpers/redis-server.ts";
import { command } from "../helpers/run-deblur.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
// A block of several commands on a busy machine.
vi.setConfig({ testTimeout: 120_000 });
const guides = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
const documents = ["README.md", ...guides.map((name) => join("docs", name))];

interface Block {
  readonly line: number;
  readonly language: string;
  readonly mark: string;
  readonly text: string;
}

function blocksOf(path: string): Block[] {
  const text = readFileSync(join(root, path), "utf8");
  return [...text.matchAll(/^```(\w+)(?: ([^\n]+))?\n(.*?)^```$/gms)].map((found) => ({
    line: text.slice(0, found.index).split("\n").length,
    language: found[1] ?? "",
    mark: found[2] ?? "",
    text: found[3] ?? "",
  }));
}

const micro = join(root, "test/fixtures/ufpnet-micro-k7.weights.safetensors");

/** Training at full length takes hours: every stage is cut to two small steps, of a small net. */
const shim = `#!/bin/sh
if [ "$1" = train ]; then set -- "$@" --iterations 2 --batch 2 --patch 16; fi
if [ "$1 $2" = "train flow" ]; then set -- "$@" --init "${micro}"; fi
exec "${process.execPath}" "${command}" "$@"
`;

const size = { width: 64, height: 48 };
const texture = (seed: number) => {
  const samples = Uint8Array.from({ length: size.width * size.height * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % size.width, Math.floor(i / 3 / size.width)];
    return 128 + 90 * Math.sin((x * y) / 50 + seed + (i % 3)) * Math.cos(y / 3 + x / 7);
  });
  return sharp(samples, { raw: { ...size, channels: 3 } });
};

/** Every input that the documents name. */
async function makeInputs(folder: string): Promise<void> {
  const at = (...names: string[]) => join(folder, ...names);
  for (const name of ["photos/trip", "frames", "pairs/blur", "pairs/sharp", "shots"])
    await mkdir(at(name), { recursive: true });
  await texture(1).jpeg().toFile(at("photo.jpg"));
  await texture(1).png().toFile(at("scan-8.png"));
  await texture(6).png().toFile(at("mask.png"));
  await sharp(await texture(2).toColourspace("rgb16").png().toBuffer())
    .tiff()
    .toFile(at("scan.tif"));
  await texture(3).jpeg().toFile(at("photos/one.jpg"));
  await texture(4).jpeg().toFile(at("photos/trip/two.jpg"));
  await texture(5).png().toFile(at("shots/one.png"));
  for (const [i, name] of ["0001.png", "0002.png"].entries()) {
    await texture(i).png().toFile(at("frames", name));
    await texture(i).png().toFile(at("pairs/sharp", name));
    await texture(i).blur(1).png().toFile(at("pairs/blur", name));
  }
  const fixtures = join(root, "test/fixtures");
  await copyFile(join(fixtures, "geotiff/u16-5-planar-zstd-tiles.tif"), at("mosaic.tif"));
  await copyFile(join(fixtures, "ufpnet-micro-k7.pth"), at("net_g_latest.pth"));
  await copyFile(join(fixtures, "nets/planar.onnx"), at("net.onnx"));
  const frame = await texture(1).raw().toBuffer();
  await writeFile(at("in.rgb"), Buffer.concat([frame, frame]));
  const grey = await texture(1).greyscale().raw().toBuffer();
  const header = `YUV4MPEG2 W${size.width} H${size.height} F25:1 Ip Cmono\n`;
  await writeFile(at("in.y4m"), Buffer.concat([Buffer.from(header), Buffer.from("FRAME\n"), grey]));
  if (inPath("ffmpeg", "ffprobe")) {
    const film = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=25", "-frames:v", "3"];
    execFileSync("ffmpeg", ["-v", "error", ...film, "-pix_fmt", "yuv420p", at("in.mp4")]);
  }
  await mkdir(at("node_modules"));
  await symlink(root, at("node_modules/rx-deblur"));
  for (const name of ["rxjs", "sharp"])
    await symlink(join(root, "node_modules", name), at("node_modules", name));
}

/** Serves `folder` in whole files and in ranges; gives the address and the function that stops it. */
async function serve(folder: string): Promise<{ address: string; stop: () => void }> {
  const server = createServer(({ url = "", headers }, response) => {
    const data = readFileSync(join(folder, url));
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "") ?? [];
    if (from === undefined) return response.writeHead(200).end(data);
    const end = Math.min(Number(to) + 1, data.length);
    const range = { "content-range": `bytes ${from}-${end - 1}/${data.length}`, etag: '"1"' };
    return response.writeHead(206, range).end(data.subarray(Number(from), end));
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  return { address: `http://127.0.0.1:${port}/`, stop: () => server.close() };
}

async function run(program: string, words: readonly string[], cwd: string): Promise<void> {
  const env = { ...process.env, PATH: `${join(cwd, "bin")}:${process.env["PATH"]}` };
  try {
    await promisify(execFile)(program, words, { cwd, env, timeout: 110_000 });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${(error as Error).message}\n${stdout}${stderr}`);
  }
}

describe.each(documents)("%s", (path) => {
  let folder: string;
  let server: { address: string; stop: () => void };
  let redis: RedisServer | undefined;
  /** With the addresses of the servers that the tests started. */
  const here = (text: string): string =>
    text
      .replaceAll("https://example.org/", server.address)
      .replaceAll("redis://127.0.0.1", redis?.url ?? "redis://127.0.0.1");
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "deblur-guide-"));
    await makeInputs(folder);
    await mkdir(join(folder, "bin"));
    await writeFile(join(folder, "bin/deblur"), shim);
    await chmod(join(folder, "bin/deblur"), 0o755);
    server = await serve(folder);
    const text = readFileSync(join(root, path), "utf8");
    if (text.includes("needs=redis-server") && inPath("redis-server")) redis = await startRedis();
  });
  afterAll(async () => {
    server.stop();
    await redis?.stop();
    await rm(folder, { recursive: true });
  });

  for (const { line, language, mark, text } of blocksOf(path)) {
    const [, program = "bash"] = /^needs=([\w-]+)$/.exec(mark) ?? [];
    const title = `line ${line}: ${text.split("\n")[0]}`;
    if (language === "sh" && mark !== "norun")
      needs(`${program} in PATH`, inPath(program)).test(title, async () => {
        await run("bash", ["-euo", "pipefail", "-c", here(text)], folder);
        for (const [, output = ""] of text.matchAll(/ -o ([^\s-][^\s%]*)(?=\s|$)/g))
          expect([output, existsSync(join(folder, output))]).toEqual([output, true]);
      });
    if (language === "js" && mark !== "norun")
      needs(`${program} in PATH`, inPath(program)).test(title, async () => {
        const file = join(folder, `line-${line}.mjs`);
        await writeFile(file, here(text));
        await run(process.execPath, [file], folder);
      });
  }
});

test("knows every kind of block, and leaves few of them out", () => {
  const blocks = documents.flatMap(blocksOf);
  const kinds = new Set(blocks.map(({ language, mark }) => `${language} ${mark}`.trim()));
  expect([...kinds].sort()).toEqual([
    ...["bibtex", "js", "js needs=redis-server", "sh"],
    ...["sh needs=ffmpeg", "sh needs=parallel", "sh needs=redis-server", "sh norun", "text"],
  ]);
  expect(blocks.filter(({ mark }) => mark === "norun").length).toBeLessThanOrEqual(8);
});

test("links every guide from the README, and every link to a file", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  for (const name of guides) expect(readme).toContain(`(docs/${name}`);
  for (const path of documents) {
    const text = readFileSync(join(root, path), "utf8");
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = ""]) => link);
    const missing = links.filter((link) => !existsSync(join(root, path, "..", link)));
    expect([path, missing]).toEqual([path, []]);
  }
});

test("keeps the README short", () => {
  const words = readFileSync(join(root, "README.md"), "utf8").split(/\s+/);
  expect(words.length).toBeLessThanOrEqual(900);
});
