import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const cli = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));

/** Returns the packages that are loaded after a command line was processed. */
async function packagesAfter(words: readonly string[]): Promise<readonly string[]> {
  const script = `
    import { createRequire, Module } from "node:module";
    const { main } = await import(${JSON.stringify(cli)});
    await main(${JSON.stringify(words)}, { stdout: process.stderr });
    const names = Object.keys(Module._cache).map((path) => /node_modules\\/([^/]+)/.exec(path)?.[1]);
    process.stdout.write([...new Set(names)].join(" "));
  `;
  const args = ["--input-type=module", "--eval", script];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return stdout.split(" ");
}

describe("loading", () => {
  it.each(["--version", "--help", "help train", "completion bash"])(
    "loads nothing that only a run needs for deblur %s",
    async (line) => {
      const heavy = /^(rxjs|sharp|piscina|onnxruntime-node|@tensorflow)$/;
      const loaded = await packagesAfter(line.split(" "));
      expect(loaded).toContain("cli-progress");
      expect(loaded.filter((name) => heavy.test(name))).toEqual([]);
    },
  );

  it("loads nothing that only tiles need for a missing input", async () => {
    const loaded = await packagesAfter(["/no/such.png", "-o", "/no/out.png"]);
    const heavy = /^(rxjs|piscina|onnxruntime-node|@tensorflow)$/;
    expect(loaded.filter((name) => heavy.test(name))).toEqual([]);
  });
});
