/**
 * Checks on TensorFlow's real library that the built command ends with an exit code, never by a signal, with one, both
 * or none of its packages installed, and that the library prints nothing. Needs both packages.
 */
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lookForGpus } from "../../src/pipeline/engines/gpu-presence.ts";
import { install } from "../helpers/install.ts";
import { runDeblur } from "../helpers/run-deblur.ts";

const asked = (process.env["TEST_ENGINES"] ?? "").split(",");
const hasTensorFlow = asked.some((name) => name.startsWith("tfjs-node"));
const [node, gpu] = ["@tensorflow/tfjs-node", "@tensorflow/tfjs-node-gpu"];
const { noNvidia } = lookForGpus();

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "deblur-tensorflow-"));
  const create = { width: 32, height: 16, channels: 3, background: "#a52" } as const;
  await sharp({ create }).png().toFile(join(folder, "in.png"));
});
afterAll(() => rm(folder, { recursive: true }));

describe
  .runIf(hasTensorFlow)
  .each([
    { installed: [node, gpu] },
    { installed: [node] },
    { installed: [gpu] },
    { installed: [] },
  ])("with $installed", ({ installed }) => {
  let script: string;
  beforeAll(async () => {
    const home = join(folder, `home-${installed.length}-${installed[0]?.length}`);
    script = await install(home);
    for (const name of installed) {
      const real = fileURLToPath(new URL(`../../node_modules/${name}`, import.meta.url));
      await symlink(real, join(home, "node_modules", name));
    }
  });
  const run = (words: readonly string[]) =>
    runDeblur(words, { cwd: folder, script, patience: 300_000 });
  const restore = (...words: string[]) => run(["in.png", "-f", "-o", "out.png", ...words]);

  test.each([[["engines"]], [["engines", "--probe"]]])("%j ends with 0", async (words) => {
    const { code, stdout, stderr } = await run(words);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const line = stdout.split("\n").find((one) => one.startsWith("tfjs-node ")) ?? "";
    if (installed.includes(node)) expect(line).toMatch(/yes .*, TensorFlow \d+\.\d+\.\d+ with/);
    else expect(line).toMatch(/no .*Cannot find package/);
  });

  test("auto ends with 0", async () => {
    expect(await restore("--engine", "auto")).toMatchObject({ code: 0 });
  });

  test("tfjs-node restores, or is refused in one line", async () => {
    const { code, stderr } = await restore("--engine", "tfjs-node");
    expect({ code, stderr }).toMatchObject({ code: installed.includes(node) ? 0 : 69 });
    expect(stderr).not.toMatch(/oneDNN|cpu_feature_guard|absl::/);
  });

  // With an adapter's name the library is loaded, and refuses in a thread that computes nothing.
  for (const more of [[], ["--adapter", "gpu"]]) {
    test.runIf(noNvidia !== undefined)(`tfjs-node-gpu ${more} is refused in one line`, async () => {
      const { code, stdout, stderr } = await restore("--engine", "tfjs-node-gpu", ...more);
      expect({ code, stdout, stderr }).toMatchObject({ code: 69, stdout: "" });
      expect(stderr).toMatch(/^deblur: [^\n]+ \([^\n]+\); needed: [^\n]+; [^\n]+\n$/);
    });
  }

  test.runIf(noNvidia !== undefined)(
    "training on tfjs-node-gpu is refused in one line",
    async () => {
      const words = ["flow", "--out", "run", "--iterations", "1", "--adapter", "gpu"];
      const { code, stderr } = await run(["train", ...words, "--engine", "tfjs-node-gpu"]);
      expect({ code, stderr }).toMatchObject({ code: 69 });
      expect(stderr).toMatch(/\ndeblur: TensorFlow cannot be loaded [^\n]+\n$|^deblur: [^\n]+\n$/);
    },
  );
});
