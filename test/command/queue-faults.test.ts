/** Bad input to a queue: one line, the right exit code, and nothing lost. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test, vi } from "vitest";
import { stored } from "../../src/tools/queue/job-data.ts";
import { install } from "../helpers/install.ts";
import {
  freePort,
  type RedisServer,
  startRedis,
  startWorker,
  until,
  type WorkerProcess,
  withRedis,
} from "../helpers/redis-server.ts";
import { runDeblur } from "../helpers/run-deblur.ts";

vi.setConfig({ testTimeout: 120_000 });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-queue-faults-"));
  const pixels = Buffer.alloc(96 * 64 * 3, "a few pixels");
  await sharp(pixels, { raw: { width: 96, height: 64, channels: 3 } })
    .png()
    .toFile(join(folder, "in.png"));
});
afterAll(() => rm(folder, { recursive: true }));

const password = "s3cret-pass";

describe("without Redis", () => {
  it.each([
    ["http://host/0", 'received "http://host/0"'],
    [`redis://user:${password}@host/zero`, 'received "…@host/zero"'],
    [`redis://user:${password}@host:port`, 'received "…@host:port"'],
    [`redis://${password}@`, 'received "…@"'],
    ["redis://host/0?family=6", "received"],
    ["", "Expected an address such as"],
  ])("refuses the address %s in one line, without its password", async (url, words) => {
    for (const call of [
      ["submit", "in.png", "-o", "x.png"],
      ["work", "--root", "."],
      ["queue", "status"],
    ]) {
      const { code, stderr } = await runDeblur([...call, `--queue=${url}`], { cwd: folder });
      expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
      expect(stderr).not.toContain(password);
      expect(stderr.trim().split("\n")).toHaveLength(1);
    }
  });

  test("asks for an address where there is none", async () => {
    const { code, stderr } = await runDeblur(["queue", "status"], {
      cwd: folder,
      env: { DEBLUR_QUEUE: "" },
    });
    expect([code, stderr]).toEqual([2, expect.stringContaining("or in DEBLUR_QUEUE")]);
  });

  test("names a server that does not answer", async () => {
    const port = await freePort();
    const url = `redis://user:${password}@127.0.0.1:${port}`;
    for (const call of [
      ["submit", "in.png", "-o", "x.png"],
      ["work", "--root", "."],
      ["queue", "status"],
    ]) {
      const { code, stderr } = await runDeblur([...call, "--queue", url], { cwd: folder });
      expect([code, stderr]).toEqual([
        69,
        `deblur: redis://127.0.0.1:${port}/0: no Redis answers (connect ECONNREFUSED 127.0.0.1:${port})\n`,
      ]);
    }
    expect(existsSync(join(folder, ".x.png.run"))).toBe(false);
  });

  test("names the packages that are missing, and the command that installs them", async () => {
    const home = await mkdtemp(join(folder, "home-"));
    const script = await install(home, { without: ["bullmq"] });
    const words = ["work", "--root", ".", "--queue", "redis://127.0.0.1"];
    const { code, stderr } = await runDeblur(words, { cwd: folder, script });
    expect([code, stderr]).toEqual([
      69,
      expect.stringMatching(
        /^deblur: Expected the packages bullmq and ioredis .*; npm install bullmq@\S+ ioredis@\S+\n$/,
      ),
    ]);
  });
});

withRedis.describe("with Redis", () => {
  let redis: RedisServer;
  let queue: Queue;
  let client: Redis;
  let name = "";
  let names = 0;
  let workers: WorkerProcess[] = [];
  beforeAll(async () => {
    redis = await startRedis("--requirepass", password);
    client = new Redis(redis.port, "127.0.0.1", { password, maxRetriesPerRequest: null });
    client.on("error", () => {});
  });
  afterAll(async () => {
    client?.disconnect();
    await redis?.stop();
  });
  beforeEach(() => {
    name = `faults-${names++}`;
    queue = new Queue(name, { connection: client });
    queue.on("error", () => {});
  });
  afterEach(async () => {
    for (const { child, ended } of workers) {
      child.kill("SIGKILL");
      await ended;
    }
    workers = [];
    await queue.close();
  });

  const env = () => ({ DEBLUR_QUEUE: redis.url, DEBLUR_QUEUE_PASSWORD: password });
  const deblur = (words: readonly string[], more: Record<string, string> = {}) =>
    runDeblur(words, {
      cwd: folder,
      fault: "changing",
      env: { ...env(), ...more },
      patience: 60_000,
    });
  const submit = (...more: string[]) =>
    deblur([
      "submit",
      "in.png",
      "-o",
      `${name}.png`,
      "--name",
      name,
      "--tile",
      "48",
      "--halo",
      "0",
      ...more,
    ]);
  const work = (more: readonly string[] = [], extra: Record<string, string> = {}) => {
    const words = ["--root", ".", "--name", name, "--threads", "1", "--lock", "2", ...more];
    const worker = startWorker(words, { cwd: folder, env: { ...env(), ...extra } });
    workers.push(worker);
    return worker;
  };
  const expectMade = async () => {
    const { code, stderr } = await submit("--wait");
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    expect(existsSync(join(folder, `${name}.png`))).toBe(true);
  };
  const job = (data: object, id: string) => queue.add("planted", data, { jobId: id, attempts: 3 });
  const reasonOf = async (id: string) => {
    await until(async () => (await queue.getJob(id))?.isFailed() ?? false, `job ${id} fails`);
    return (await queue.getJob(id))?.failedReason;
  };

  it("refuses a wrong password in one line, without it", async () => {
    for (const wrong of ["other-pass", ""]) {
      const { code, stderr } = await deblur(["queue", "status"], { DEBLUR_QUEUE_PASSWORD: wrong });
      expect([code, stderr]).toEqual([
        69,
        expect.stringMatching(
          /^deblur: redis:\/\/127\.0\.0\.1:\d+\/0: Redis refuses the user or password \(.*\)\n$/,
        ),
      ]);
      expect(stderr).not.toContain("other-pass");
    }
    const url = redis.url.replace("//", `//default:${password}@`);
    const given = await deblur(["queue", "status", "--queue", url], { DEBLUR_QUEUE_PASSWORD: "" });
    expect([given.code, given.stdout]).toEqual([0, "no runs\n"]);
  });

  it("writes user and password into no message of a worker, and into no job", async () => {
    const worker = work();
    const { stderr } = await submit("--part-size", "1");
    // A worker that never found Redis ends.
    await until(async () => (await queue.getWorkers()).length > 0, "the worker connects");
    await redis.restart(200);
    const id = /^(\S+): /m.exec(stderr)?.[1] ?? "";
    expect((await deblur(["queue", "wait", id, "--name", name])).code).toBe(0);
    expect(worker.output()).toMatch(/connection lost \(.*\); work continues, waiting for Redis/);
    expect(worker.output()).toContain("connected again");
    expect(worker.output()).not.toContain(password);
    const values = await Promise.all(
      (await queue.getJobs()).map((it) => client.hgetall(queue.toKey(it.id ?? ""))),
    );
    expect(values.length).toBeGreaterThan(0);
    expect(JSON.stringify(values)).not.toContain(password);
  });

  it("leaves a job of another release in the queue, and ends", async () => {
    const other = { ...stored({ kind: "folder", output: "x", parts: 0 }), release: "99.1.0" };
    await job(other, "other");
    const worker = work();
    expect(await worker.ended).toBe(69);
    expect(worker.output()).toMatch(
      /^deblur: job other: was submitted by rx-deblur 99\.1\.0 .*: use one release for all workers\n/m,
    );
    const left = await queue.getJob("other");
    expect([await left?.getState(), left?.attemptsMade]).toEqual(["delayed", 0]);
  });

  it("fails jobs of another form, and does the next", async () => {
    const good = stored({
      kind: "range",
      run: "r",
      input: "in.png",
      files: undefined,
      start: 0,
      end: 1,
      of: 4,
    });
    const bad: Record<string, object> = {
      empty: {},
      kind: { ...good, kind: "shell" },
      extra: { ...good, command: "rm" },
      type: { ...good, start: "0" },
      range: { ...good, start: 3, end: 2 },
      proto: { ...good, kind: "__proto__" },
    };
    for (const [id, data] of Object.entries(bad)) await job(data, id);
    const worker = work();
    for (const id of Object.keys(bad)) {
      expect([id, await reasonOf(id)]).toEqual([
        id,
        expect.stringMatching(/^job \w+: .* \(exit code 65\)$/),
      ]);
      expect((await queue.getJob(id))?.attemptsMade).toBe(1);
    }
    await expectMade();
    expect(worker.child.exitCode).toBeNull();
  });

  it("refuses paths that leave the root, also by links, and reads and writes nothing there", async () => {
    const root = join(folder, `${name}-root`);
    const outside = join(folder, `${name}-outside`);
    for (const path of [root, outside]) await mkdir(path);
    await sharp(join(folder, "in.png")).toFile(join(root, "in.png"));
    await symlink(outside, join(root, "folder"));
    await symlink(join(folder, "in.png"), join(root, "link.png"));
    await symlink(join(outside, "new.png"), join(root, "nowhere.png"));
    const jobs: Record<string, object> = {
      up: { input: "../in.png", output: "a.png" },
      inner: { input: "in.png", output: "b/../../a.png" },
      absolute: { input: join(folder, "in.png"), output: "a.png" },
      address: { input: "https://127.0.0.1/in.tif", output: "a.tif" },
      "link-in": { input: "link.png", output: "a.png" },
      "link-out": { input: "in.png", output: "folder/a.png" },
      "link-nowhere": { input: "in.png", output: "nowhere.png" },
      "of-worker": { input: "in.png", output: "a.png", options: { kernels: "../k.npy" } },
      mask: { input: "in.png", output: "a.png", files: { mask: "link.png" } },
      "mask-option": { input: "in.png", output: "a.png", options: { mask: "link.png" } },
      weights: { input: "in.png", output: "a.png", files: { weights: "../w.safetensors" } },
    };
    for (const [id, fields] of Object.entries(jobs)) {
      const data = stored({
        kind: "picture",
        files: undefined,
        options: {},
        input: "",
        output: "",
        ...fields,
      });
      await job(data, id);
    }
    work(["--root", root]);
    for (const id of Object.keys(jobs)) {
      expect([id, await reasonOf(id)]).toEqual([id, expect.stringContaining("(exit code 65)")]);
    }
    expect(existsSync(join(root, "a.png"))).toBe(false);
    expect(existsSync(join(outside, "a.png"))).toBe(false);
    expect(existsSync(join(outside, "new.png"))).toBe(false);
  });

  it("refuses to submit what is not below the root", async () => {
    await mkdir(join(folder, "sub"), { recursive: true });
    const { code, stderr } = await deblur([
      "submit",
      "in.png",
      "-o",
      "sub/x.png",
      "--root",
      "sub",
      "--name",
      name,
    ]);
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(
        /^deblur: Expected a path below the root .* but received "in\.png"; --root names another/,
      ),
    ]);
    const output = await deblur([
      "submit",
      "in.png",
      "-o",
      "x.png",
      "--root",
      "sub",
      "--name",
      name,
    ]);
    expect(output.code).toBe(2);
    expect(await queue.getJobCounts()).toMatchObject({ prioritized: 0, "waiting-children": 0 });
  });

  it("gives the job of a worker with a full disk to another", async () => {
    const small = new URL("../helpers/small-disk.js", import.meta.url).href;
    await submit("--part-size", "2");
    const full = work([], { NODE_OPTIONS: `--import ${small}`, FREE: "1000" });
    expect(await full.ended).toBe(74);
    const lines = full.output().trim().split("\n");
    expect(lines.filter((line) => line.startsWith("deblur: "))).toEqual([
      expect.stringMatching(/free on its disk .* but found 1 kB$/),
    ]);
    work();
    await expectMade();
  });

  it("ends a worker whose root is another, and loses nothing", async () => {
    await mkdir(join(folder, "elsewhere"), { recursive: true });
    await submit("--part-size", "1");
    const lost = work(["--root", "elsewhere"]);
    expect(await lost.ended).toBe(66);
    expect(lost.output()).toMatch(
      /^deblur: elsewhere: 3 jobs in a row have no files below this root; is it the one of submit\?$/m,
    );
    work();
    await expectMade();
    const missing = await deblur(["work", "--root", "none", "--name", name]);
    expect([missing.code, missing.stderr]).toEqual([66, "deblur: none: no such file\n"]);
  });

  it("gives the job of a worker with too little memory to another", async () => {
    await submit("--part-size", "2");
    const small = work(["--memory", "20M"]);
    expect(await small.ended).toBe(69);
    expect(small.output()).toMatch(/Expected at least \d+M for memory .* but received 20 MB/);
    work(["--memory", "1G"]);
    await expectMade();
  });

  it("refuses an unknown action and an unknown run", async () => {
    expect(await deblur(["queue", "stat", "--name", name])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(
        'status, wait, retry, drain and at most one run but received "stat"',
      ),
    });
    for (const action of ["status", "wait", "retry", "drain"]) {
      expect(await deblur(["queue", action, "none-1", "--name", name])).toMatchObject({
        code: 66,
        stderr: "deblur: none-1: there is no such run in the queue\n",
      });
    }
  });

  it("keeps an output that exists, unless it is forced", async () => {
    await sharp(join(folder, "in.png")).toFile(join(folder, `${name}.png`));
    const before = await readFile(join(folder, `${name}.png`));
    expect((await submit()).code).toBe(73);
    expect((await readFile(join(folder, `${name}.png`))).equals(before)).toBe(true);
    work();
    expect((await submit("--force", "--wait")).code).toBe(0);
    expect((await readFile(join(folder, `${name}.png`))).equals(before)).toBe(false);
  });
});
