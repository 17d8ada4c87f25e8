/** The linter keeps imports running one way: planted imports that climb, and a planted circle, must fail. */
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

/** A module and what it must not import. */
const climbing: readonly (readonly [file: string, imported: string])[] = [
  ["src/errors.ts", "./image/raster.ts"],
  ["src/text/planted.ts", "../io/system/disk.ts"],
  ["src/image/planted.ts", "../operators/flow/admit.ts"],
  ["src/image/planted-2.ts", "node:fs"],
  ["src/image/tiling/planted.ts", "../raster.ts"],
  ["src/model/nets/planted.ts", "../training/losses.ts"],
  ["src/model/planted.ts", "rxjs"],
  ["src/model/graph/planted.ts", "node:worker_threads"],
  ["src/operators/stages/planted.ts", "../../io/pool/pool.ts"],
  ["src/operators/stages/planted-2.ts", "sharp"],
  ["src/io/system/planted.ts", "../formats/splice.ts"],
  ["src/io/pool/planted.ts", "../../pool-worker.ts"],
  ["src/io/formats/tiff/planted.ts", "../../sources/geotiff.ts"],
  ["src/io/sources/planted.ts", "../sinks/raster-sink.ts"],
  ["src/io/sinks/planted.ts", "../store/tile-store.ts"],
  ["src/io/store/planted.ts", "../../pipeline/store-image.ts"],
  ["src/pipeline/engines/planted.ts", "../options/file-options.ts"],
  ["src/pipeline/plan/planted.ts", "../run/drain.ts"],
  ["src/pipeline/run/planted.ts", "../shards/shard.ts"],
  ["src/pipeline/planted.ts", "../tools/train/train.ts"],
  ["src/tools/report/planted.ts", "../../cli/main.ts"],
  ["src/tools/report/planted-2.ts", "sharp"],
  ["src/cli/planted.ts", "rxjs"],
];

/** Imports that run down; the linter must let them pass. */
const falling: readonly (readonly [file: string, imported: string])[] = [
  ["src/cli/fine.ts", "../tools/train/train.ts"],
  ["src/tools/fine.ts", "../pipeline/deblur-image.ts"],
  ["src/pipeline/run/fine.ts", "../plan/plan-image.ts"],
  ["src/io/sinks/fine.ts", "../formats/splice.ts"],
  ["src/operators/stages/fine.ts", "../../model/engine.ts"],
  ["src/model/training/fine.ts", "../nets/nafnet.ts"],
  ["src/image/tiling/fine.ts", "../../rect.ts"],
  ["src/image/tiling/fine-2.ts", "../../check.ts"],
];

let folder = "";
let found: readonly { readonly category: string; readonly file: string }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "rx-deblur-rooms-"));
  const put = async (file: string, text: string): Promise<void> => {
    await mkdir(join(folder, dirname(file)), { recursive: true });
    await writeFile(join(folder, file), text);
  };
  await copyFile(join(root, "biome.json"), join(folder, "biome.json"));
  for (const [file, imported] of [...climbing, ...falling])
    await put(file, `import type { A } from "${imported}";\nexport type B = A;\n`);
  await put("src/tools/one.ts", 'import type { B } from "./two.ts";\nexport type A = B | 1;\n');
  await put("src/tools/two.ts", 'import type { A } from "./one.ts";\nexport type B = A | 2;\n');
  found = await lint();
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Lints the planted modules by the project's own configuration. */
function lint(): Promise<typeof found> {
  const biome = join(root, "node_modules/@biomejs/biome/bin/biome");
  const words = ["lint", "--vcs-enabled=false", "--reporter=json", "--max-diagnostics=none", "src"];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [biome, ...words], { cwd: folder }, (error, stdout) => {
      if (error !== null && typeof error.code !== "number") return reject(error);
      const { diagnostics } = JSON.parse(stdout) as {
        diagnostics: { category: string; location: { path: string | { file: string } } }[];
      };
      resolve(
        diagnostics.map(({ category, location: { path } }) => ({
          category,
          file: typeof path === "string" ? path : path.file,
        })),
      );
    });
  });
}

const faultsOf = (file: string): readonly string[] =>
  found.filter((one) => one.file === file).map(({ category }) => category);

describe("the linter", () => {
  it.each(climbing)("refuses %s importing %s", (file) => {
    expect(faultsOf(file)).toContain("lint/style/noRestrictedImports");
  });

  it.each(falling)("lets %s import %s", (file) => {
    expect(faultsOf(file)).not.toContain("lint/style/noRestrictedImports");
  });

  it("refuses a circle of types", () => {
    expect(faultsOf("src/tools/one.ts")).toContain("lint/suspicious/noImportCycles");
  });
});
