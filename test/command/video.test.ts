/** Tests videos with the built command: between pipes, from file to file, and through FFmpeg if it is installed. */
import { execFileSync, spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { deblurVideo, openPool } from "../../dist/src/video.js";
import { openCopyEngine } from "../../src/model/engines/copy.ts";
import { inPath, needs } from "../helpers/needs.ts";
import { type PipeOptions, pipeDeblur } from "../helpers/pipe-deblur.ts";
import { command } from "../helpers/run-deblur.ts";
import { noiseFrame } from "../pipeline/frames/frames.ts";

const size = { width: 51, height: 35 };
const copy = ["--engine", "copy", "--tile", "32", "--halo", "0"];
const root = fileURLToPath(new URL("../..", import.meta.url));
const street = join(root, "examples/street.png");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-video-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Expects no folder of a run. */
afterEach(async () => {
  expect((await readdir(folder)).filter((name) => name.startsWith("."))).toEqual([]);
});

const deblur = (words: readonly string[], options: Omit<PipeOptions, "cwd"> = {}) =>
  pipeDeblur([...words, ...copy], { cwd: folder, ...options });

/** `count` frames of noise as a YUV4MPEG2 stream. */
function y4m(name: string, count: number): Buffer {
  const { width, height } = size;
  const line = `YUV4MPEG2 W${width} H${height} F30000:1001 Ip A1:1 C${name} Xtest=1\n`;
  const frames = Array.from({ length: count }, (_, seed) => noiseFrame(name, size, seed));
  return Buffer.concat([
    Buffer.from(line),
    ...frames.flatMap(({ data }, i) => [Buffer.from(`FRAME Xn=${i}\n`), data]),
  ]);
}

describe("a video through pipes", () => {
  it.each(["420jpeg", "420mpeg2", "422", "444", "mono", "420p10", "422p12", "mono16"])(
    "keeps the bytes of %s if the net changes nothing",
    async (name) => {
      const video = y4m(name, 5);
      const { code, stdout, stderr } = await deblur(["-", "-o", "-"], { input: video });
      expect([code, stdout.equals(video)]).toEqual([0, true]);
      expect(stderr).toContain(
        `standard input: 51×35 ${name}, 30 fps; engine copy; 4 tiles a frame`,
      );
      expect(stderr).toContain("standard output: 5 frames in");
    },
  );

  it("needs no header with --format rawvideo", async () => {
    const frames = [0, 1, 2].map((seed) => Buffer.from(noiseFrame("rgb48le", size, seed).data));
    const words = ["--format", "rawvideo", "--size", "51x35", "--pix-fmt", "rgb48le"];
    const video = Buffer.concat(frames);
    const { code, stdout } = await deblur(["-", "-o", "-", ...words], { input: video });
    expect([code, stdout.equals(video)]).toEqual([0, true]);
  });

  it("gives the whole frames of a truncated input, then 65 and one line", async () => {
    const video = y4m("420", 4);
    const cut = video.subarray(0, -10);
    const { code, stdout, stderr } = await deblur(["-", "-o", "-", "-q"], { input: cut });
    expect(code).toBe(65);
    expect(stdout.equals(y4m("420", 3))).toBe(true);
    expect(stderr).toBe(
      "deblur: standard input: Expected 2721 bytes of frame 4 but found 2711 and then the end\n",
    );
  });

  it.each([
    ["YUV4MPEG2 W0 H4\n", 'Expected a size after W in the first line but found "0"'],
    ["YUV4MPEG2 W70000 H70000\nFRAME\n", "Expected at most 268435456 pixels"],
    ["YUV4MPEG2 W4 H4 C999\n", 'but found C"999"'],
    ["YUV4MPEG2 W4 H4 C420\nframe\n", "Expected the line FRAME of frame 1"],
  ])("ends with 65 and sends nothing after the header for %j", async (text, problem) => {
    const { code, stdout, stderr } = await deblur(["-", "-o", "-", "-q"], {
      input: Buffer.from(text),
    });
    expect(code).toBe(65);
    expect(stderr).toContain(problem);
    expect(stdout.includes("FRAME")).toBe(false);
  });

  it("ends without a message when its reader closes, also while no frames arrive", async () => {
    const video = y4m("444", 200);
    const options = { input: video, reads: 100, endless: true };
    const { code, stderr } = await deblur(["-", "-o", "-", "-q"], options);
    expect([code, stderr]).toEqual([141, ""]);
  });

  it("ends at a signal while no frame arrives", async () => {
    const { code, stdout } = await deblur(["-", "-o", "-", "-q"], {
      input: y4m("mono", 2),
      endless: true,
      during(child) {
        child.stdout?.once("data", () => child.kill("SIGTERM"));
      },
    });
    expect(code).toBe(143);
    expect(y4m("mono", 2).indexOf(stdout)).toBe(0);
  });

  it("counts frames in its progress as JSON", async () => {
    const { stderr } = await deblur(["-", "-o", "-", "--json"], { input: y4m("mono10", 3) });
    const events = stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.map(({ event }) => event)).toEqual(["start", "frame", "frame", "frame", "done"]);
    expect(events[0]).toMatchObject({ width: 51, height: 35, form: "mono10", levels: "full" });
    expect(events[3]).toMatchObject({ done: 3 });
    expect(events[4]).toMatchObject({ output: "-", frames: 3, copied: 0 });
  });
});

describe("--format y4m", () => {
  it("is what a video stream is anyway, and refuses anything else", async () => {
    const data = Buffer.alloc(3 * size.width * size.height, 90);
    const head = `YUV4MPEG2 W${size.width} H${size.height} F25:1 Ip C444\nFRAME\n`;
    const stream = Buffer.concat([Buffer.from(head), data]);
    const run = await deblur(["-", "-o", "-", "--format", "y4m", "-q"], { input: stream });
    expect([run.code, run.stdout.equals(stream)]).toEqual([0, true]);
    const other = await deblur([street, "-o", "out.y4m", "--format", "y4m"]);
    expect(other.code).toBe(65);
    expect(other.stderr).toMatch(/Expected a video but found a picture \(png\)\n$/);
  });
});

describe("a video from file to file", () => {
  it("is complete, or absent", async () => {
    const video = y4m("420", 3);
    await writeFile(join(folder, "in.y4m"), video);
    expect((await deblur(["in.y4m", "-o", "out.y4m"])).code).toBe(0);
    expect((await readFile(join(folder, "out.y4m"))).equals(video)).toBe(true);
    expect((await deblur(["in.y4m", "-o", "out.y4m"])).code).toBe(73);

    await writeFile(join(folder, "cut.y4m"), video.subarray(0, -1));
    expect((await deblur(["cut.y4m", "-o", "none.y4m"])).code).toBe(65);
    expect(await readdir(folder)).not.toContain("none.y4m");
  });

  it.each(["new.y4m", "new.mp4"])(
    "ends with 65, one line and no file for garbage piped into %s",
    async (to) => {
      for (const input of [Buffer.alloc(0), Buffer.from("garbage\n"), Buffer.alloc(9000, 0xab)]) {
        const { code, stderr } = await deblur(["-", "-o", to, "-q"], { input });
        expect(code).toBe(65);
        expect(stderr).toMatch(/^deblur: standard input: Expected [^\n]*YUV4MPEG2[^\n]*\n$/);
      }
      expect(await readdir(folder)).not.toContain(to);
    },
  );

  it("is refused with the reason if the input is no video or missing", async () => {
    await writeFile(join(folder, "garbage.bin"), "garbage");
    await sharp({ create: { width: 9, height: 9, channels: 3, background: "red" } })
      .png()
      .toFile(join(folder, "photo.png"));
    const problems = [
      ["garbage.bin", 65, "garbage.bin: Expected a video but found another kind of file"],
      ["photo.png", 65, "photo.png: Expected a video but found a picture (png)"],
      ["nothing.bin", 66, "nothing.bin: no such file"],
    ] as const;
    for (const [from, exit, problem] of problems) {
      const { code, stderr } = await deblur([from, "-o", "new.y4m", "-q"]);
      expect([code, stderr]).toEqual([exit, `deblur: ${problem}\n`]);
    }
    expect(await readdir(folder)).not.toContain("new.y4m");
  });

  it("ends with 65 and no output for a wrong size of raw video", async () => {
    const frames = [0, 1, 2].map((seed) => Buffer.from(noiseFrame("rgb24", size, seed).data));
    await writeFile(join(folder, "in.rgb"), Buffer.concat(frames));
    const raw = (size: string) => [
      ...["in.rgb", "-o", "out.rgb", "-q", "--format", "rawvideo"],
      ...["--size", size, "--pix-fmt", "rgb24"],
    ];
    const message =
      "deblur: in.rgb: Expected 5250 bytes of frame 4 but found 315 and then the end\n";
    // Reported before an engine is opened: this engine is unavailable.
    const unopened = ["--weights", "none.safetensors", "--engine", "onnx"];
    const early = await pipeDeblur([...raw("50x35"), ...unopened], { cwd: folder });
    expect([early.code, early.stderr]).toEqual([65, message]);
    const { code, stdout, stderr } = await deblur(
      raw("50x35").map((word) => (word.endsWith(".rgb") ? "-" : word)),
      { input: Buffer.concat(frames) },
    );
    expect([code, stderr]).toEqual([65, message.replace("in.rgb", "standard input")]);
    expect(stdout).toHaveLength(3 * 5250);
    expect(await readdir(folder)).not.toContain("out.rgb");
    const whole = await deblur(raw("51x35").filter((word) => word !== "-q"));
    expect([whole.code, whole.stderr.includes("rgb24, 3 frames;")]).toEqual([0, true]);
    expect(await readFile(join(folder, "out.rgb"))).toEqual(Buffer.concat(frames));
  });

  it.each([
    [["in.y4m", "-o", "out.png"], "Expected an output ending in one of .y4m, .mp4"],
    [["in.y4m", "-o", "new.y4m", "--bits", "16"], "Expected bits only with pictures"],
    [["in.y4m", "-o", "new.y4m", "--size", "4x4"], "Expected --size only with --format rawvideo"],
    [["-", "-o", "-", "--format", "rawvideo"], "Expected --size with --format rawvideo"],
    [["-", "-o", "-", "--matrix", "240"], "Expected one of 601, 709, 2020 for --matrix"],
    [["in.png", "-o", "out.png", "--levels", "full"], "Expected --levels full only with one video"],
  ])("refuses %j as wrong usage", async (words, problem) => {
    const { code, stderr } = await deblur(words);
    expect([code, stderr.includes(problem)]).toEqual([2, true]);
  });

  it("ends with 69 and one line for other kinds without FFmpeg", async () => {
    await writeFile(join(folder, "in.mp4"), "");
    const { code, stderr } = await deblur(["in.mp4", "-o", "out.mp4"], { env: { PATH: folder } });
    expect(code).toBe(69);
    expect(stderr).toMatch(
      /^deblur: Expected the program ffprobe in PATH[^\n]*apt install ffmpeg[^\n]*\n$/,
    );
  });
});

needs("ffmpeg and ffprobe in PATH", inPath("ffmpeg", "ffprobe")).describe("through FFmpeg", () => {
  const ffmpeg = (...words: string[]) =>
    execFileSync("ffmpeg", ["-v", "error", "-y", ...words], { cwd: folder, encoding: "utf8" });
  const shown = (path: string) =>
    execFileSync(
      "ffprobe",
      [
        ...["-v", "error", "-count_frames", "-select_streams", "v", "-of", "csv=p=0"],
        ...["-show_entries", "stream=r_frame_rate,nb_read_frames,width,height", path],
      ],
      { cwd: folder, encoding: "utf8" },
    );
  const sound = (path: string) =>
    ffmpeg("-i", path, "-map", "0:a", "-c", "copy", "-f", "framemd5", "-");
  const moving = ["-f", "lavfi", "-i", "testsrc2=s=64x48:r=30000/1001"];

  it("keeps frames, rate and size, and the packets of the sound", async () => {
    ffmpeg(...moving, "-f", "lavfi", "-i", "sine", "-frames:v", "20", "-t", "0.7", "sound.mkv");
    expect((await deblur(["sound.mkv", "-o", "sharp.mkv"])).code).toBe(0);
    expect(shown("sharp.mkv")).toBe(shown("sound.mkv"));
    expect(sound("sharp.mkv")).toBe(sound("sound.mkv"));
  });

  it("keeps the lengths of sound and video, to a frame", async () => {
    const seconds = (path: string) =>
      execFileSync(
        "ffprobe",
        ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path],
        { cwd: folder, encoding: "utf8" },
      );
    ffmpeg(...moving, "-f", "lavfi", "-i", "sine", "-frames:v", "45", "-t", "1.5", "long.mp4");
    expect((await deblur(["long.mp4", "-o", "long-sharp.mp4"])).code).toBe(0);
    const [before, after] = [Number(seconds("long.mp4")), Number(seconds("long-sharp.mp4"))];
    expect(Math.abs(after - before)).toBeLessThanOrEqual(1001 / 30000);
    expect(sound("long-sharp.mp4")).toBe(sound("long.mp4"));
  });

  const engine = openCopyEngine();
  const pool = openPool({ threads: 1 });
  afterAll(() => pool.close());
  const scrolling = ["-loop", "1", "-i", street, "-vf", "scroll=h=0.013:v=0.007,scale=52:38"];
  it.each([
    ...["yuv420p", "yuv422p", "yuv444p", "yuv411p", "gray", "yuv420p10le", "yuv422p10le"],
    ...["yuv444p12le", "yuv420p12le", "yuv444p16le", "gray10le", "gray16le", "yuva444p"],
  ])("keeps 60 frames of %s bit for bit, synthetic and filmed", async (form) => {
    const y4m = ["-pix_fmt", form, "-frames:v", "60", "-strict", "-1", "-f", "yuv4mpegpipe"];
    for (const [name, from] of Object.entries({ drawn: moving, filmed: scrolling })) {
      const [input, output] = [join(folder, `${name}.y4m`), join(folder, `${name}-out.y4m`)];
      ffmpeg(...from, ...y4m, input);
      const options = { tile: 64, halo: 0, force: true };
      const { frames } = await deblurVideo(input, output, options, { engine, pool });
      expect([name, frames]).toEqual([name, 60]);
      const [before, after] = await Promise.all([readFile(input), readFile(output)]);
      expect([name, after.equals(before)]).toEqual([name, true]);
    }
  });

  it("takes names that look like addresses for files, and asks no server", async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.end();
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    const names = [`http:/127.0.0.1:${port}/in.mp4`, "a:b.mp4", "pipe:0.mp4"];
    for (const name of names) {
      await mkdir(join(folder, dirname(name)), { recursive: true });
      ffmpeg(...moving, "-frames:v", "3", `file:${name}`);
      for (const output of [`${name}-out.mp4`, "plain.mp4"]) {
        const run = await deblur([name, "-o", output, "--force"]);
        expect([name, run.code, run.stderr.includes("3 frames in")]).toEqual([name, 0, true]);
      }
    }
    server.close();
    expect(asked).toEqual([]);
  });

  it("reads no other file by a playlist that is named as a video", async () => {
    ffmpeg(...moving, "-frames:v", "3", "secret.ts");
    const lists = {
      "hls.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.ts\n#EXT-X-ENDLIST\n",
      "concat.mkv": "ffconcat version 1.0\nfile secret.ts\n",
      "list.avi": "ffconcat version 1.0\nfile secret.ts\n",
    };
    for (const [name, text] of Object.entries(lists)) {
      await writeFile(join(folder, name), text);
      const run = await deblur([name, "-o", "never.mp4"]);
      expect([name, run.code]).toEqual([name, 65]);
      expect(run.stderr.trimEnd().split("\n").length).toBe(1);
    }
  });

  it.each([".ts", ".mts", ".m2ts", ".flv"])("reads and writes %s", async (suffix) => {
    const [input, output] = [`in${suffix}`, `out${suffix}`];
    ffmpeg(...moving, "-frames:v", "6", "-c:v", "libx264", input);
    const run = await deblur([input, "-o", output]);
    expect([run.code, run.stderr]).toEqual([0, expect.stringContaining("6 frames in")]);
  });

  it("runs the pipes of the guide", async () => {
    const guide = await readFile(join(root, "docs/video.md"), "utf8");
    const pipes = guide.split("\n").filter((line) => /^ffmpeg .*\| deblur /.test(line));
    expect(pipes.length).toBeGreaterThan(0);
    const place = await mkdtemp(join(folder, "guide-"));
    const shim = join(place, "deblur");
    await writeFile(shim, `#!/bin/sh\nexec "${process.execPath}" "${command}" "$@"\n`);
    await chmod(shim, 0o755);
    const path = { PATH: `${place}:${process.env["PATH"]}` };
    for (const [i, pipe] of pipes.entries()) {
      ffmpeg(...moving, "-frames:v", "5", join(place, "in.mp4"));
      await rm(join(place, "out.mp4"), { force: true });
      const { status, stderr } = spawnSync("bash", ["-o", "pipefail", "-c", pipe], {
        cwd: place,
        encoding: "utf8",
        env: { ...process.env, ...path },
      });
      expect([i, status], stderr).toEqual([i, 0]);
      expect(shown(join(place, "out.mp4"))).toMatch(/^64,48,\d+\/\d+,5$/m);
    }
  });

  it("reads an AVI whose B-frames have no times", async () => {
    ffmpeg(...moving, "-frames:v", "20", "-c:v", "mpeg4", "-bf", "2", "b.avi");
    const { code, stderr } = await deblur(["b.avi", "-o", "b.mkv"]);
    expect([code, stderr.includes("b.mkv: 20 frames in")]).toEqual([0, true]);
  });

  it("refuses a variable frame rate, with the command that makes it constant", async () => {
    const varying = [
      "-vf",
      "select=not(eq(mod(n\\,7)\\,3))",
      "-fps_mode",
      "vfr",
      "-frames:v",
      "20",
    ];
    ffmpeg(...moving, ...varying, "varying.mkv");
    const { code, stderr } = await deblur(["varying.mkv", "-o", "none.mkv"]);
    expect([code, stderr.includes("-fps_mode cfr")]).toEqual([65, true]);
    expect(await readdir(folder)).not.toContain("none.mkv");
  });

  it.each([
    ["fast.mp4", [0.3, 0.7], ["-c:v", "libx264", "-bf", "3", "-movflags", "+faststart"]],
    ["cut.mkv", [0.3, 0.7], ["-c:v", "libx264", "-bf", "3"]],
    ["cut.avi", [0.05, 0.3, 0.7], ["-c:v", "mpeg4", "-bf", "2"]],
  ])("reports a truncated %s", async (name, parts, codec) => {
    ffmpeg(...moving, "-frames:v", "40", ...codec, name);
    const whole = await readFile(join(folder, name));
    expect((await deblur([name, "-o", `sharp-${name}`])).code).toBe(0);
    for (const part of parts) {
      await writeFile(join(folder, name), whole.subarray(0, part * whole.length));
      const { code, stderr } = await deblur([name, "-o", `none-${name}`, "-q"]);
      expect(code).toBe(65);
      expect(stderr).toMatch(
        new RegExp(
          `^deblur: ${name}: Expected a whole video but it is cut short (after \\d+ frames|before its first frame)\n$`,
        ),
      );
    }
    expect(await readdir(folder)).not.toContain(`none-${name}`);
  });

  it("ends with 74, FFmpeg's last message and no file if FFmpeg fails while it encodes", async () => {
    ffmpeg(...moving, "-frames:v", "30", "dies.mp4");
    const place = await mkdtemp(join(folder, "dying-"));
    const real = execFileSync("which", ["ffmpeg"], { encoding: "utf8" }).trim();
    // This FFmpeg decodes but does not encode.
    const dying = `case "$*" in *pipe:0*) head -c 9999 > /dev/null; echo "no room" >&2; exit 3;; esac`;
    await writeFile(join(place, "ffmpeg"), `#!/bin/sh\n${dying}\nexec ${real} "$@"\n`);
    await chmod(join(place, "ffmpeg"), 0o755);
    const env = { PATH: `${place}:${process.env["PATH"]}` };
    const { code, stderr } = await deblur(["dies.mp4", "-o", "never.mp4", "-q"], { env });
    expect([code, stderr]).toEqual([74, "deblur: never.mp4: FFmpeg cannot write it: no room\n"]);
    expect(await readdir(folder)).not.toContain("never.mp4");
  });

  it("ends with 65 for an input that is no video", async () => {
    await writeFile(join(folder, "no.mp4"), "not a video");
    const { code, stderr } = await deblur(["no.mp4", "-o", "none.mp4"]);
    expect([code, stderr.includes("no.mp4: FFmpeg cannot read it: ")]).toEqual([65, true]);
  });
});
