/** The library of the queue, in one process with a real Redis. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lastValueFrom, map, merge, take, throttleTime, toArray } from "rxjs";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  deblurFile,
  NoInputError,
  OptionError,
  UnavailableError,
} from "../../../dist/src/index.js";
import { openWorker, queueProgress, queueStatus, submitRun } from "../../../dist/src/queue.js";
import { freePort, type RedisServer, startRedis, withRedis } from "../../helpers/redis-server.ts";

withRedis.describe("the library of the queue", () => {
  let redis: RedisServer;
  let root: string;
  beforeAll(async () => {
    redis = await startRedis();
    root = await mkdtemp(join(tmpdir(), "deblur-library-"));
    const pixels = Buffer.alloc(160 * 96 * 3, "pixels of a picture");
    const picture = sharp(pixels, { raw: { width: 160, height: 96, channels: 3 } });
    await picture.png().toFile(join(root, "in.png"));
  });
  afterAll(async () => {
    await redis?.stop();
    await rm(root, { recursive: true });
  });

  it("submits, works, and reports several runs as Observables that merge and throttle", async () => {
    const options = { engine: "copy", tile: 48, halo: 0 } as const;
    const queue = { queue: redis.url, name: "library" };
    const submit = (output: string) =>
      submitRun(join(root, "in.png"), join(root, output), {
        ...queue,
        root,
        partSize: 1,
        ...options,
      });
    const runs = [await submit("a.png"), await submit("b.png")];
    expect(runs.map(({ parts, items, added, kind }) => ({ parts, items, added, kind }))).toEqual([
      { parts: 8, items: 8, added: true, kind: "image" },
      { parts: 8, items: 8, added: true, kind: "image" },
    ]);
    expect(await submit("a.png")).toMatchObject({ id: runs[0]?.id, added: false });
    // Cold: an Observable without a subscriber has no connection. One that is left early closes its own.
    queueProgress({ ...queue, id: "none" });
    const first = await lastValueFrom(queueProgress(runs[0] as never, 20).pipe(take(1)));
    expect(first).toMatchObject({ state: "waiting", itemsDone: 0, workers: 0 });

    const notes: string[] = [];
    const worker = await openWorker(
      { ...queue, root, concurrency: 2, threads: 1 },
      { onNote: (line) => notes.push(line) },
    );
    const progress = merge(...runs.map((run) => queueProgress(run, 20))).pipe(
      throttleTime(30, undefined, { leading: true, trailing: true }),
      map(({ id, state, itemsDone }) => ({ id, state, itemsDone })),
      toArray(),
    );
    const seen = await lastValueFrom(progress);
    for (const { id } of runs) {
      const own = seen.filter((one) => one.id === id).map(({ itemsDone }) => itemsDone);
      expect(own).toEqual(own.toSorted((a, b) => a - b));
    }
    expect((await queueStatus(queue)).map(({ state }) => state)).toEqual(["done", "done"]);
    await worker.close();
    await worker.ended;
    expect(notes.filter((line) => /^tile \d of in\.png: done/.test(line))).toHaveLength(16);
    await deblurFile(join(root, "in.png"), join(root, "one.png"), options);
    const [one, a, b] = await Promise.all(
      ["one", "a", "b"].map((it) => readFile(join(root, `${it}.png`))),
    );
    expect([a?.equals(one as Buffer), b?.equals(one as Buffer)]).toEqual([true, true]);
  });

  it("fails with the errors of the library", async () => {
    const nowhere = { queue: `redis://127.0.0.1:${await freePort()}`, root };
    await expect(openWorker(nowhere)).rejects.toThrow(UnavailableError);
    await expect(openWorker({ ...nowhere, concurrency: 0 })).rejects.toThrow(OptionError);
    const run = { queue: redis.url, name: "library", id: "none" };
    await expect(lastValueFrom(queueProgress(run))).rejects.toThrow(NoInputError);
    const pyramid = { queue: redis.url, root, pyramid: "dzi" } as const;
    await expect(submitRun(join(root, "in.png"), join(root, "c.png"), pyramid)).rejects.toThrow(
      "no `pyramid`",
    );
  });
});
