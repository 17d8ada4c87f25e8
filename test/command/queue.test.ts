/** Runs in a queue of a real Redis: bytes of one process, killed and frozen workers, bad pictures, bad jobs. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { inPath, needs } from "../helpers/needs.ts";
import { pipeDeblur } from "../helpers/pipe-deblur.ts";
import {
  freePort,
  type RedisServer,
  startRedis,
  startWorker,
  until,
  type WorkerProcess,
  withRedis,
} from "../helpers/redis-server.ts";
import { type Ended, type RunOptions, runDeblur } from "../helpers/run-deblur.ts";
import { seeded } from "../operators/fakes.ts";

vi.setConfig({ testTimeout: 120_000 });

/** 60 tiles of 64 with halo 16. */
const size = { width: 336, height: 208 };
const cuts = ["--tile", "64", "--halo", "16"];

withRedis.describe("a queue", () => {
  let redis: RedisServer;
  let folder: string;
  /** The output of one process. */
  let whole: Buffer;
  let name = "";
  let names = 0;
  let workers: WorkerProcess[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "deblur-queue-"));
    redis = await startRedis();
    await picture(2).toFile(join(folder, "in.png"));
    const { stdout } = await pipeDeblur(["-", "-o", "-", ...cuts, "-q", "--format", "tiff"], {
      cwd: folder,
      fault: "changing",
      input: await readFile(join(folder, "in.png")),
    });
    whole = stdout;
  });

  afterAll(async () => {
    await redis?.stop();
    await rm(folder, { recursive: true });
  });

  beforeEach(() => {
    name = `test-${names++}`;
  });

  afterEach(async () => {
    for (const { child, ended } of workers) {
      child.kill("SIGCONT");
      child.kill("SIGKILL");
      await ended;
    }
    workers = [];
  });

  const env = () => ({ DEBLUR_QUEUE: redis.url });
  const deblur = (words: readonly string[], options: Partial<RunOptions> = {}): Promise<Ended> =>
    runDeblur(words, { cwd: folder, fault: "changing", env: env(), patience: 110_000, ...options });
  const submit = (input: string, output: string, ...more: string[]): Promise<Ended> =>
    deblur(["submit", input, "-o", output, "--name", name, ...more]);
  const work = (
    more: readonly string[] = [],
    extra: Record<string, string> = {},
  ): WorkerProcess => {
    const words = ["--root", ".", "--name", name, "--threads", "1", "--lock", "2", ...more];
    const worker = startWorker(words, { cwd: folder, env: { ...env(), ...extra } });
    workers.push(worker);
    return worker;
  };
  const out = () => join(folder, `${name}.tif`);
  const expectWhole = async () => expect((await readFile(out())).equals(whole)).toBe(true);
  const idOf = ({ stderr }: Ended) => /^(\S+): /m.exec(stderr)?.[1] ?? "";

  it("makes the bytes of one process by two workers, and leaves nothing beside them", async () => {
    const [one, two] = [work(), work()];
    const { code, stderr } = await submit(
      "in.png",
      `${name}.tif`,
      ...cuts,
      "--part-size",
      "7",
      "--wait",
    );
    expect([code, stderr]).toEqual([0, expect.stringContaining("60 tiles in 9 ranges")]);
    await expectWhole();
    const parts = `${one.output()}${two.output()}`.match(/^tiles \d+ to \d+ of in\.png: done in/gm);
    expect(parts).toHaveLength(9);
    await until(() => !existsSync(join(folder, `.${name}.tif.run`)), "the run's folder is removed");
    expect((await readdir(folder)).filter((it) => it.startsWith("."))).toEqual([]);
  });

  it("loses nothing when workers are killed, one is frozen, and Redis is restarted", async () => {
    const restored = join(folder, `${name}.count`);
    const slow = { TILE_MS: "150", RESTORED: restored };
    const begin = () => work([], slow);
    const alive = [begin(), begin(), begin(), begin()];
    const waiting = submit("in.png", `${name}.tif`, ...cuts, "--part-size", "2", "--wait");
    const count = async () => (await readFile(restored).catch(() => "")).length;
    await until(async () => (await count()) > 2, "the first tiles");
    const random = seeded(5);
    const frozen = alive.shift() as WorkerProcess;
    frozen.child.kill("SIGSTOP");
    for (let kills = 0; kills < 8; kills++) {
      await wait(200 + random() * 500);
      const [victim] = alive.splice(Math.floor(random() * alive.length), 1);
      victim?.child.kill("SIGKILL");
      alive.push(begin());
      if (kills === 4) await redis.restart(500);
    }
    frozen.child.kill("SIGCONT");
    const { code, stderr } = await waiting;
    expect([code, stderr]).toEqual([0, expect.stringContaining("60 tiles in 30 ranges")]);
    await expectWhole();
    // At most the tiles in flight of each victim, and the range of the frozen one, are computed twice.
    const computed = await count();
    expect(computed).toBeGreaterThanOrEqual(60);
    expect(computed).toBeLessThanOrEqual(60 + 9 * 3);
  });

  it("gives jobs back at SIGTERM, without losing finished tiles, and ends with 0", async () => {
    const restored = join(folder, `${name}.count`);
    const slow = { TILE_MS: "100", RESTORED: restored };
    const first = work(["--lock", "60"], slow);
    const submitted = await submit("in.png", `${name}.tif`, ...cuts, "--part-size", "60");
    expect(submitted.code).toBe(0);
    await until(async () => (await readFile(restored).catch(() => "")).length > 5, "tiles");
    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(0);
    expect(first.output()).toContain("tiles 0 to 59 of in.png: back in the queue");
    work([], slow);
    const began = Date.now();
    expect((await submit("in.png", `${name}.tif`, ...cuts, "--wait")).code).toBe(0);
    // Not after the lock of the first.
    expect(Date.now() - began).toBeLessThan(30_000);
    await expectWhole();
    expect((await readFile(restored)).length).toBe(60);
  });

  it("fails a run whose range failed three times, names its tiles, and retries it", async () => {
    // The third tile of each process fails.
    const broken = startWorker(["--root", ".", "--name", name, "--threads", "1"], {
      cwd: folder,
      env: env(),
      fault: "broken-tile",
    });
    workers.push(broken);
    const failed = await submit(
      "in.png",
      `${name}.tif`,
      ...cuts,
      "--part-size",
      "10",
      "--wait",
      "--json",
    );
    expect(failed.code).toBe(1);
    const events = failed.stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.at(-1)).toMatchObject({ event: "error", exitCode: 1, name: "RunFailedError" });
    expect(events.at(-1).message).toMatch(
      /^1 of 6 ranges failed: tiles 0 to 9 of in\.png: tile 64×64 at \(\d+, \d+\), stage deblur: the device is on fire$/,
    );
    expect(broken.output().match(/the device is on fire/g)?.length).toBe(4);
    expect(existsSync(out())).toBe(false);
    const status = await deblur(["queue", "status", "--name", name]);
    expect(status.stdout).toMatch(/ failed {2}5\/6 parts, 1 failed/);
    broken.child.kill("SIGKILL");
    await broken.ended;
    // The copy engine of the broken worker gave other pixels than "changing"; the whole picture is its own.
    const retried = await deblur(["queue", "retry", "--name", name]);
    expect([retried.code, retried.stdout]).toEqual([0, `retry: ${events[0].run}\n`]);
    const well = startWorker(["--root", ".", "--name", name], {
      cwd: folder,
      env: env(),
      fault: "none",
    });
    workers.push(well);
    expect((await submit("in.png", `${name}.tif`, ...cuts, "--wait")).code).toBe(0);
    const [before, after] = await Promise.all(
      [join(folder, "in.png"), out()].map((path) => sharp(path).raw().toBuffer()),
    );
    expect(after?.equals(before as Buffer)).toBe(true);
  });

  it("makes a folder one job a picture; a damaged picture stops no other", async () => {
    const pictures = join(folder, `${name}-in`);
    await mkdir(join(pictures, "trip"), { recursive: true });
    for (const [i, path] of ["a.png", "b.png", "trip/c.png"].entries()) {
      await picture(i).toFile(join(pictures, path));
    }
    await writeFile(join(pictures, "bad.png"), "no picture");
    work();
    const { code, stderr } = await submit(`${name}-in`, `${name}-out`, ...cuts, "--wait");
    expect(code).toBe(65);
    expect(stderr).toMatch(
      new RegExp(
        `^deblur: 1 of 4 pictures failed: picture ${name}-in/bad\\.png: .*bad\\.png: Expected a PNG`,
        "m",
      ),
    );
    expect((await readdir(join(folder, `${name}-out`), { recursive: true })).sort()).toEqual([
      "a.png",
      "b.png",
      "trip",
      "trip/c.png",
    ]);
    const [made, expected] = await Promise.all([
      readFile(join(folder, `${name}-out/trip/c.png`)),
      restoredBy(join(pictures, "trip/c.png")),
    ]);
    expect(made.equals(expected)).toBe(true);
    // The others are there, so only the damaged one is left.
    const again = await submit(`${name}-in`, `${name}-out`, ...cuts, "--skip-existing");
    expect(again.stderr).toContain("1 picture, queue");
  });

  it("restores with a mask below the root, a picture and a folder, as one process does", async () => {
    const grey = Buffer.alloc(size.width * size.height);
    for (let i = 0; i < grey.length; i++) grey[i] = i % 251;
    const mask = join(folder, "mask.png");
    await sharp(grey, { raw: { ...size, channels: 1 } })
      .png()
      .toFile(mask);
    const where = ["--mask", "mask.png", "--strength", "0.7"];
    await deblur(["in.png", "-o", `${name}-one.png`, ...cuts, ...where, "-q"]);
    const one = await readFile(join(folder, `${name}-one.png`));
    await mkdir(join(folder, `${name}-in`));
    await picture(2).toFile(join(folder, `${name}-in/in.png`));
    // The same folder at another path, as on another machine.
    const root = `${folder}-elsewhere`;
    await symlink(folder, root);
    work(["--root", root]);
    for (const [input, output] of [
      ["in.png", `${name}.png`],
      [`${name}-in`, `${name}-out`],
    ] as const) {
      const made = await submit(input, output, ...cuts, ...where, "--wait");
      expect([made.code, made.stderr]).toEqual([0, expect.any(String)]);
    }
    await rm(root);
    const made = [`${name}.png`, `${name}-out/in.png`].map((it) => readFile(join(folder, it)));
    expect((await Promise.all(made)).map((it) => it.equals(one))).toEqual([true, true]);
  });

  it("leaves a run in the queue when its submitter is stopped", async () => {
    const words = ["submit", "in.png", "-o", `${name}.tif`, "--name", name, ...cuts, "--wait"];
    const stopped = await deblur(words, { onFirstWord: (child) => void child.kill("SIGINT") });
    expect(stopped.code).toBe(130);
    const id = idOf(stopped);
    expect(stopped.stderr).toContain(
      `the run continues in the queue: deblur queue wait ${id} --name ${name}`,
    );
    work();
    expect((await deblur(["queue", "wait", id, "--name", name])).code).toBe(0);
    await expectWhole();
  });

  needs("openssl in PATH", inPath("openssl")).test(
    "encrypts by rediss, and refuses a server that the machine does not trust",
    async () => {
      const { execFileSync } = await import("node:child_process");
      const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
      const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
      const files = ["-nodes", "-keyout", "tls.key", "-out", "tls.crt", "-days", "2"];
      execFileSync("openssl", [...made, ...subject, ...files], { cwd: folder, stdio: "ignore" });
      const port = await freePort();
      const at = (file: string) => join(folder, file);
      const pair = ["--tls-cert-file", at("tls.crt"), "--tls-key-file", at("tls.key")];
      const secure = await startRedis(
        "--tls-port",
        String(port),
        ...pair,
        "--tls-auth-clients",
        "no",
      );
      try {
        const url = `rediss://localhost:${port}`;
        const words = ["queue", "status", "--queue", url];
        const refused = await deblur(words);
        expect([refused.code, refused.stderr]).toEqual([
          69,
          expect.stringMatching(
            /^deblur: rediss:\/\/localhost:\d+\/0: no Redis answers \(.*self-signed.*\)\n$/,
          ),
        ]);
        const trusted = await deblur(words, { env: { NODE_EXTRA_CA_CERTS: at("tls.crt") } });
        expect([trusted.code, trusted.stdout]).toEqual([0, "no runs\n"]);
      } finally {
        await secure.stop();
      }
    },
  );

  it("does runs of a lower priority number first, and several at once", async () => {
    const runs = ["late", "soon"].map((when) => `${name}-${when}.tif`);
    const ids: string[] = [];
    for (const [i, run] of runs.entries()) {
      const priority = ["--priority", String(200 - 190 * i)];
      ids.push(idOf(await submit("in.png", run, ...cuts, "--part-size", "20", ...priority)));
    }
    const worker = work();
    for (const id of ids) {
      const waited = await deblur(["queue", "wait", id, "--name", name]);
      expect([id, waited.code]).toEqual([id, 0]);
    }
    for (const run of runs) expect((await readFile(join(folder, run))).equals(whole)).toBe(true);
    const assembled = [...worker.output().matchAll(/^assembly of \S+-(soon|late)\.tif/gm)];
    expect(assembled.map(([, when]) => when)).toEqual(["soon", "late"]);
    const lines = worker.output().split("\n");
    expect(lines.findIndex((line) => line.includes("soon.tif"))).toBe(4);
  });

  it("removes a run by drain, and a new submission uses its tiles", async () => {
    const restored = join(folder, `${name}.count`);
    const worker = work([], { TILE_MS: "250", RESTORED: restored });
    const submitted = await submit("in.png", `${name}.tif`, ...cuts, "--part-size", "5");
    const id = idOf(submitted);
    await until(async () => (await readFile(restored).catch(() => "")).length > 7, "tiles");
    const drained = await deblur(["queue", "drain", id, "--name", name]);
    expect([drained.code, drained.stdout, drained.stderr]).toEqual([0, `drain: ${id}\n`, ""]);
    const done = () => worker.output().match(/: done in/g)?.length ?? 0;
    const before = done();
    // The range that was being done is finished; none follows.
    await until(() => done() > before, "the active range ends");
    await wait(1000);
    expect([done() - before, worker.child.exitCode]).toEqual([1, null]);
    expect((await deblur(["queue", "status", "--name", name])).stdout).toBe("no runs\n");
    expect((await submit("in.png", `${name}.tif`, ...cuts, "--wait")).code).toBe(0);
    await expectWhole();
    expect((await readFile(restored)).length).toBe(60);
  });

  needs("ffmpeg in PATH", inPath("ffmpeg")).test(
    "divides a video at key frames, and joins it to the bytes of one process",
    async () => {
      const { execFileSync } = await import("node:child_process");
      const film = join(folder, `${name}.mkv`);
      execFileSync("ffmpeg", [
        ...["-v", "error", "-f", "lavfi", "-i", "testsrc=size=96x64:rate=30000/1001"],
        ...["-f", "lavfi", "-i", "sine=frequency=440", "-frames:v", "40", "-shortest"],
        // B frames before key frames that refer beyond them: groups of pictures are open.
        ...["-c:v", "libx264", "-g", "7", "-bf", "3", "-x264-params", "open-gop=1:scenecut=0"],
        ...["-pix_fmt", "yuv420p", film],
      ]);
      const one = join(folder, `${name}-one.mp4`);
      const words = [film, "-o", one, ...cuts, "-q"];
      expect((await deblur(words)).code).toBe(0);
      work();
      work();
      const run = await submit(film, `${name}.mp4`, ...cuts, "--part-size", "6", "--wait");
      expect([run.code, run.stderr]).toEqual([
        0,
        expect.stringContaining("40 frames in 6 segments"),
      ]);
      const joined = await readFile(join(folder, `${name}.mp4`));
      expect(joined.equals(await readFile(one))).toBe(true);
    },
  );

  async function restoredBy(path: string): Promise<Buffer> {
    const output = join(folder, `one-${names++}.png`);
    await deblur([path, "-o", output, ...cuts, "-q"]);
    return readFile(output);
  }
});

function picture(seed: number) {
  const random = seeded(seed);
  const values = Uint8Array.from({ length: size.width * size.height * 3 }, () => random() * 256);
  return sharp(values, { raw: { ...size, channels: 3 } }).png();
}
