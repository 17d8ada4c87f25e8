import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { barText } from "../../../src/cli/terminal/bar.ts";
import { openReporter } from "../../../src/cli/terminal/open-reporter.ts";
import type { Reporter } from "../../../src/cli/terminal/reporter.ts";
import { InputError, TileError } from "../../../src/errors.ts";
import type { Progress } from "../../../src/operators/stages/tile.ts";
import type { RunPlan, RunResult } from "../../../src/pipeline/plan/run-facts.ts";
import { clock, megapixels, plain } from "../../../src/text/words.ts";

const plan: RunPlan = {
  input: "a.jpg",
  output: "b.png",
  file: 1,
  files: 1,
  width: 6000,
  height: 4000,
  channels: 3,
  bits: 8,
  radiometry: { colours: [0, 1, 2], range: [0, 255] },
  engine: {
    engine: "onnx",
    version: "1.2",
    precision: "float32",
    threads: 2,
    pooling: "global",
    noise: undefined,
    weights: "ab",
  },
  preset: "lite",
  tile: 512,
  halo: 64,
  scale: 1,
  inFlight: 3,
  tiles: 300,
  tilesKept: 0,
  tileWidth: 512,
  tileHeight: 496,
};
const result: RunResult = {
  input: "a.jpg",
  output: "b.png",
  width: 6000,
  height: 4000,
  tiles: 300,
  copied: [],
  flat: 0,
  sharp: 0,
};
const rect = { x: 0, y: 384, width: 384, height: 384 };

function tile(done: number, total: number, copied?: TileError): Progress {
  const place = { index: done - 1, read: rect, core: rect };
  return { tile: place, copied, flat: false, tilesDone: done, tilesTotal: total };
}

/** A reporter, what it wrote, and its clock. */
function listen(
  choice: { json?: boolean; quiet?: boolean } = {},
  { terminal = false, env = {} } = {},
): { reporter: Reporter; text: () => string; time: { seconds: number } } {
  let written = "";
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written += chunk;
      done();
    },
  });
  if (terminal) Object.assign(stream, { isTTY: true, columns: 100 });
  const time = { seconds: 1000 };
  const { json = false, quiet = false } = choice;
  const reporter = openReporter({ json, quiet }, { stream, now: () => time.seconds }, env);
  return { reporter, text: () => written, time };
}

describe("words", () => {
  it.each([
    [0, "0:00"],
    [7.4, "0:07"],
    [59.6, "1:00"],
    [75, "1:15"],
    [3599.7, "1:00:00"],
    [36_061, "10:01:01"],
  ])("%d s is %s", (seconds, text) => expect(clock(seconds)).toBe(text));

  it.each([
    [0, "0"],
    [0.000123, "0.000123"],
    [0.01234, "0.0123"],
    [4.567, "4.57"],
    [24, "24"],
    [123.4, "123"],
    [1_234_567, "1234567"],
  ])("%d is %s", (value, text) => expect(plain(value)).toBe(text));

  it("pixels are megapixels", () => expect(megapixels(6000, 4000)).toBe("24 MP"));
});

describe("of a video", () => {
  const { radiometry, channels, bits, file, files, tilesKept, tileWidth, tileHeight, ...chosen } =
    plan;
  const video = {
    ...{ ...chosen, input: "in.mp4", output: "out.mp4", width: 640, height: 360, tiles: 2 },
    ...{ form: "420mpeg2", matrix: "601", levels: "limited", rate: 25, framesInFlight: 2 },
  };
  const done = { input: "in.mp4", output: "out.mp4", width: 640, height: 360, copied: 0 };

  it("lines have frames a second and the time left, every ten seconds, where the frames are counted", () => {
    const { reporter, text, time } = listen();
    reporter.video.start({ ...video, frames: 300 });
    for (let frame = 1; frame <= 300; frame++) {
      time.seconds += 0.5;
      reporter.video.frame({ framesDone: frame, framesTotal: 300 });
    }
    reporter.video.done({ ...done, frames: 300 });
    const lines = text().trim().split("\n");
    expect(lines[0]).toBe(
      "in.mp4: 640×360 420mpeg2, 25 fps, 300 frames; engine onnx, preset lite; 2 tiles a frame (halo 64), 2 frames in flight",
    );
    expect(lines[1]).toBe("20/300 frames  2 fps  2:20 left");
    expect(lines[14]).toBe("280/300 frames  2 fps  0:10 left");
    expect(lines.at(-1)).toBe("out.mp4: 300 frames in 150 s, 2 fps");
    expect(lines).toHaveLength(1 + 15 + 1);
  });

  it("of a stream without a known end, they have the elapsed time", () => {
    const { reporter, text, time } = listen();
    reporter.video.start({ ...video, input: "-", rate: undefined, frames: undefined });
    time.seconds += 20;
    reporter.video.frame({ framesDone: 8, framesTotal: undefined });
    reporter.video.done({ ...done, frames: 8, copied: 3 });
    expect(text().split("\n").slice(1)).toEqual([
      "8 frames  0.4 fps  0:20 elapsed",
      "out.mp4: 8 frames in 20 s, 0.4 fps",
      "3 tiles failed and stayed blurry",
      "",
    ]);
  });

  it("at a terminal one line is written over, and gone in the end", () => {
    const { reporter, text, time } = listen({}, { terminal: true, env: { TERM: "xterm" } });
    reporter.video.start({ ...video, frames: 4 });
    time.seconds += 1;
    reporter.video.frame({ framesDone: 1, framesTotal: 4 });
    time.seconds += 0.1;
    reporter.video.frame({ framesDone: 2, framesTotal: 4 });
    expect(text().split("\r\x1b[K").slice(1)).toEqual(["1/4 frames  1 fps  0:03 left"]);
    reporter.video.done({ ...done, frames: 4 });
    expect(text().split("\r\x1b[K").at(-1)).toMatch(/^out\.mp4: 4 frames in [^\r]*\n$/);
  });
});

describe("lines, without a terminal", () => {
  it("have the plan, then a line every 10 %, then the result", () => {
    const { reporter, text, time } = listen();
    // Ten seconds for opening count in the end, not in the guess of what is left.
    time.seconds = 1010;
    reporter.start(plan);
    for (let done = 1; done <= 300; done++) {
      time.seconds = 1010 + done * 0.5;
      reporter.tile(tile(done, 300));
    }
    time.seconds = 1170;
    reporter.done(result);
    const lines = text().split("\n");
    expect(lines[0]).toBe(
      "a.jpg: 6000×4000, 3 × 8 bits; engine onnx, preset lite; 300 tiles of 512×496 (halo 64), 3 in flight",
    );
    expect(lines.slice(1, 12)).toEqual([
      "about 2:28 left for 296 tiles, as the first 4 took 0.5 s a tile",
      "10 %  30/300 tiles  0:15 elapsed  2:15 left",
      "20 %  60/300 tiles  0:30 elapsed  2:00 left",
      "30 %  90/300 tiles  0:45 elapsed  1:45 left",
      "40 %  120/300 tiles  1:00 elapsed  1:30 left",
      "50 %  150/300 tiles  1:15 elapsed  1:15 left",
      "60 %  180/300 tiles  1:30 elapsed  1:00 left",
      "70 %  210/300 tiles  1:45 elapsed  0:45 left",
      "80 %  240/300 tiles  2:00 elapsed  0:30 left",
      "90 %  270/300 tiles  2:15 elapsed  0:15 left",
      "100 %  300/300 tiles  2:30 elapsed",
    ]);
    expect(lines.slice(12)).toEqual(["b.png: 24 MP in 170 s, 0.141 MP/s", ""]);
  });

  it("have the needs of a long run, and of any with a limit", () => {
    const needs = (changed: object): string | undefined => {
      const { reporter, text } = listen();
      reporter.start({ ...plan, ...changed });
      return text().split("\n")[1];
    };
    const disk = { needed: 40.5e9, available: 7.23e10 };
    const memory = { expected: 812e6, most: 2e9 };
    const ofDisk = "disk about 40.5 GB, free 72.3 GB";
    expect(needs({ memory, disk })).toBe(`memory about 812 MB, at most 2 GB; ${ofDisk}`);
    expect(needs({ memory: { expected: 812e6 }, disk })).toBe(`memory about 812 MB; ${ofDisk}`);
    expect(needs({ memory: {}, disk })).toBe(ofDisk);
    expect(needs({ memory: { expected: 812e6 }, disk, tiles: 6 })).toBe("");
    expect(needs({ memory, disk, tiles: 6 })).toContain("at most 2 GB");
  });

  it("estimate the time of long runs only", () => {
    const { reporter, text, time } = listen();
    reporter.start(plan);
    for (let done = 1; done <= 8; done++) {
      time.seconds += 0.1;
      reporter.tile(tile(done, 300));
    }
    expect(text()).not.toContain("about");
  });

  it("name no rate where it would say nothing: of one tile, or with tiles of an earlier run", () => {
    const one = listen();
    one.reporter.start({ ...plan, tiles: 1 });
    one.time.seconds += 2;
    one.reporter.done({ ...result, tiles: 1 });
    expect(one.text()).toMatch(/\nb\.png: 24 MP in 2 s\n$/);
    const resumed = listen();
    resumed.reporter.start({ ...plan, tilesKept: 290 });
    resumed.time.seconds += 5;
    resumed.reporter.done(result);
    expect(resumed.text()).toMatch(/\nb\.png: 24 MP in 5 s\n$/);
  });

  it("report existing outputs in one line, before the next image and at the end", () => {
    const { reporter, text } = listen();
    const place = (file: number) => ({ input: "a", output: "b", file, files: 4 });
    reporter.skipped(place(1));
    reporter.skipped(place(2));
    reporter.failed("c: cut short", new InputError("c", "cut short"), 65, place(3));
    reporter.skipped(place(4));
    reporter.summary({ files: 4, skipped: 3, failed: 1 });
    expect(text().split("\n")).toEqual([
      "[2/4] 2 outputs exist, skipped",
      "deblur: [3/4] c: cut short",
      "[4/4] 1 output exists, skipped",
      "0 of 4 pictures in 0:00; 3 skipped",
      "",
    ]);
  });

  it("name some of the skipped files", () => {
    const { reporter, text } = listen();
    const others = ["a.txt", "b.txt", "c.txt", "d.txt"].map((path) => ({
      path,
      why: "other" as const,
    }));
    reporter.found({ files: 1, skipped: [...others, { path: ".x", why: "hidden" }] });
    expect(text()).toBe(
      "1 picture; skipped: 1 hidden, 4 not named as pictures (a.txt, b.txt, c.txt, …)\n",
    );
  });

  it("are at most one a tile", () => {
    const { reporter, text } = listen();
    for (let done = 1; done <= 3; done++) reporter.tile(tile(done, 3));
    expect(text().match(/\d+ %/g)).toEqual(["33 %", "66 %", "100 %"]);
  });

  it("say how many tiles stayed blurry", () => {
    const { reporter, text } = listen();
    reporter.done({ ...result, copied: [rect, rect] });
    expect(text()).toMatch(/\n2 of 300 tiles failed and stayed blurry\n$/);
  });

  it("say how many tiles were flat", () => {
    const { reporter, text } = listen();
    reporter.done({ ...result, flat: 12, sharp: 1, copied: [rect] });
    expect(text()).toMatch(
      /\n12 of 300 tiles were flat and copied\n1 of 300 tiles was sharp and copied\n1 of 300 tiles failed and stayed blurry\n$/,
    );
  });

  it("name no preset where the net has none", () => {
    const { reporter, text } = listen();
    reporter.start({ ...plan, preset: undefined, tiles: 1 });
    expect(text()).toContain("; engine onnx; 1 tile of 512×496");
  });

  it("stand in for the bar on a terminal that cannot move its cursor", () => {
    const { reporter, text } = listen({}, { terminal: true, env: { TERM: "dumb" } });
    reporter.start(plan);
    expect(text()).not.toContain("\u001b");
  });
});

describe("--quiet", () => {
  it("prints errors only", () => {
    const { reporter, text } = listen({ quiet: true }, { terminal: true });
    reporter.start(plan);
    reporter.tile(tile(1, 1));
    reporter.note("left blurry");
    reporter.done({ ...result, copied: [rect] });
    expect(text()).toBe("");
    reporter.failed("a.jpg: cut short", new InputError("a.jpg", "cut short"), 65);
    expect(text()).toBe("deblur: a.jpg: cut short\n");
  });
});

describe("--json", () => {
  const events = (text: string) =>
    text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));

  it("is one object a line, each with a version", () => {
    const { reporter, text, time } = listen({ json: true }, { terminal: true });
    reporter.start(plan);
    time.seconds = 1002.5;
    reporter.tile(tile(1, 300));
    reporter.note("two\nlines");
    reporter.done({ ...result, copied: [rect] });
    expect(events(text())).toEqual([
      { version: 1, event: "start", ...plan },
      {
        ...{ version: 1, event: "tile", input: "a.jpg", index: 0, rect, copied: false },
        ...{ flat: false, sharp: false, done: 1, tiles: 300, seconds: 2.5, secondsLeft: 747.5 },
      },
      { version: 1, event: "note", input: "a.jpg", message: "two\nlines" },
      { version: 1, event: "done", ...result, copied: [rect], seconds: 2.5 },
    ]);
  });

  it("an error has its name and exit code, a tile's also where", () => {
    const { reporter, text } = listen({ json: true });
    const error = new TileError(rect, "deblur", "not finite");
    reporter.failed(error.message, error, 1);
    reporter.failed("broken", new TypeError("broken"), 1);
    const base = { version: 1, event: "error", exitCode: 1 };
    expect(events(text())).toEqual([
      { ...base, message: error.message, name: "TileError", rect, stage: "deblur" },
      { ...base, message: "broken", name: "TypeError" },
    ]);
  });
});

describe("the bar on a terminal", () => {
  it.each([
    [0, 0, "[----------]   0 %  0/40 tiles"],
    [10, 20, "[==--------]  25 %  10/40 tiles  0.5 tiles/s  1:00 left"],
    [40, 80, "[==========] 100 %  40/40 tiles  0.5 tiles/s  0:00 left"],
  ])("%d of 40 tiles after %d s", (done, elapsed, text) => {
    expect(barText(done, 40, elapsed, 10)).toBe(text);
  });

  it("shows the plan, clears itself away, and leaves the result", () => {
    const { reporter, text, time } = listen({}, { terminal: true, env: { NO_COLOR: "1" } });
    reporter.start(plan);
    time.seconds += 100;
    reporter.tile(tile(120, 300));
    reporter.note("left blurry: one");
    reporter.done(result);
    expect(text()).toMatch(/^a\.jpg: 6000×4000/);
    expect(text()).toContain(" 40 %  120/300 tiles  1.2 tiles/s  2:30 left");
    expect(text()).toContain("left blurry: one\n");
    expect(text()).toMatch(/b\.png: 24 MP in 100 s, 0\.24 MP\/s\n$/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a colour is a control sequence
    expect(text()).not.toMatch(/\u001b\[[\d;]*m/);
  });

  it("keeps no timer once the run has failed, even before the start", () => {
    const timers = () => process.getActiveResourcesInfo().filter((it) => it === "Timeout").length;
    const before = timers();
    const started = listen({}, { terminal: true });
    started.reporter.start(plan);
    expect(timers()).toBe(before + 1);
    started.reporter.failed("it broke", new Error("it broke"), 1);
    const unstarted = listen({}, { terminal: true });
    unstarted.reporter.note("a note");
    unstarted.reporter.failed("it broke", new Error("it broke"), 1);
    expect(timers()).toBe(before);
    expect(unstarted.text()).toBe("a note\ndeblur: it broke\n");
  });
});
