import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { openJsonLines } from "../../../src/cli/terminal/json-lines.ts";
import { openQueueLines } from "../../../src/cli/terminal/queue-lines.ts";
import type { QueueProgress } from "../../../src/tools/queue/progress-facts.ts";
import type { SubmittedRun } from "../../../src/tools/queue/submit-run.ts";

const run: SubmittedRun = {
  ...{ id: "sharp.tif-0a1b2c3d", name: "deblur", kind: "image", output: "sharp.tif" },
  ...{ parts: 12, items: 60, added: true, queue: "redis://ann:secret@host" },
};
const at = (itemsDone: number, more: Partial<QueueProgress> = {}): QueueProgress => ({
  ...{ id: run.id, kind: "image", state: "working", parts: 12, partsDone: 1, partsFailed: 0 },
  ...{ items: 60, itemsDone, working: 3, workers: 4, problems: [], failure: undefined },
  ...more,
});

function written(live: boolean) {
  const stream = new PassThrough();
  let time = 0;
  const lines = openQueueLines({ stream, now: () => time }, { live });
  return {
    lines,
    pass: (seconds: number) => {
      time += seconds;
    },
    text: () => String(stream.read() ?? ""),
  };
}

describe("a run in a queue", () => {
  it("has a line every 10 % in a log, for all workers", () => {
    const { lines, pass, text } = written(false);
    lines.start(run);
    for (const done of [0, 1, 2, 6, 7, 12, 60]) {
      pass(1);
      lines.progress(at(done));
    }
    lines.done(run);
    expect(text()).toBe(
      [
        "sharp.tif-0a1b2c3d: 60 tiles in 12 ranges, queue deblur",
        "[===---------------------------]  10 %  6/60 tiles  3 jobs on 4 workers  0:36 left",
        "[======------------------------]  20 %  12/60 tiles  3 jobs on 4 workers  0:24 left",
        "[==============================] 100 %  60/60 tiles  3 jobs on 4 workers",
        "sharp.tif: 60 tiles in 0:07",
        "",
      ].join("\n"),
    );
  });

  it("has one bar on a terminal, and each failed part once above it", () => {
    const { lines, text } = written(true);
    lines.progress(at(0, { workers: 0, working: 0 }));
    const problems = [{ message: "tiles 0 to 4 of a.tif: on fire", exitCode: 1 }];
    lines.progress(at(30, { problems }));
    lines.progress(at(60, { problems, state: "ending" }));
    expect(text()).toBe(
      "\r\x1b[K[------------------------------]   0 %  0/60 tiles  no worker" +
        "\r\x1b[Kfailed: tiles 0 to 4 of a.tif: on fire\n" +
        "\r\x1b[K[===============---------------]  50 %  30/60 tiles  3 jobs on 4 workers  0:00 left" +
        "\r\x1b[K[==============================] 100 %  60/60 tiles  3 jobs on 4 workers, making the output",
    );
  });

  it("is an event a line with --json, without the address of Redis", () => {
    const stream = new PassThrough();
    const { queue } = openJsonLines({ stream, now: () => 0 });
    queue.start(run);
    queue.progress(at(6));
    queue.done(run);
    const text = String(stream.read());
    expect(text).not.toContain("secret");
    expect(
      text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { event: "queued", run: run.id, parts: 12 },
      { event: "queue", id: run.id, itemsDone: 6, working: 3 },
      { event: "done", run: run.id, output: "sharp.tif" },
    ]);
  });
});
