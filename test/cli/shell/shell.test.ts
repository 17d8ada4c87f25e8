/** Completions and the manual page name what the tables of options hold. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { namedCommands, unnamedCommand } from "../../../src/cli/commands/commands.ts";
import { bashCompletion } from "../../../src/cli/shell/bash.ts";
import { fishCompletion } from "../../../src/cli/shell/fish.ts";
import { manPage } from "../../../src/cli/shell/man-page.ts";
import { zshCompletion } from "../../../src/cli/shell/zsh.ts";
import { packageVersion } from "../../../src/io/system/package-file.ts";
import { flagOf, type OptionRow } from "../../../src/pipeline/options/option-table.ts";
import { inPath, needs } from "../../helpers/needs.ts";

const commands = [unnamedCommand, ...namedCommands];
const bash = bashCompletion(commands);

/** What bash would offer behind `words`, the last of which is begun. */
function offered(...words: string[]): string[] {
  const script = `${bash}
COMP_WORDS=(${["deblur", ...words].map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length}
_deblur; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const said = execFileSync("bash", ["--norc", "-c", script], { encoding: "utf8" });
  return said.split("\n").filter((line) => line !== "");
}

test("bash is offered every option of every command, and no other", () => {
  for (const { name, options } of commands) {
    const rows: [string, OptionRow<unknown>][] = Object.entries(options);
    const flags = rows.flatMap(([key, { short }]) => [
      flagOf(key),
      ...(short ? [`-${short}`] : []),
    ]);
    expect(offered(...(name === undefined ? [] : [name]), "-")).toEqual(flags);
  }
});

test("bash is offered the commands as the first word, the values of an option, and else paths", () => {
  expect(offered("")).toEqual(namedCommands.map(({ name }) => name));
  expect(offered("in.png", "--format", "")).toContain("image2pipe");
  expect(offered("in.png", "--format", "ti")).toEqual(["tiff"]);
  expect(offered("in.png", "-o", "")).toEqual([]);
  expect(offered("in.png", "")).toEqual([]);
  expect(offered("completion", "ba")).toEqual([]);
});

/** Flags as each command has them. */
const flagsOfAll = commands.map(({ name, options }) => ({
  words: name === undefined ? [] : [name],
  flags: (Object.entries(options) as [string, OptionRow<unknown>][]).flatMap(([key, { short }]) => [
    flagOf(key),
    ...(short ? [`-${short}`] : []),
  ]),
}));

const folder = mkdtempSync(join(tmpdir(), "deblur-shell-"));
writeFileSync(join(folder, "photo.png"), "");
afterAll(() => rmSync(folder, { recursive: true }));

needs("zsh in PATH", inPath("zsh")).describe("in zsh", () => {
  const script = join(folder, "_deblur");
  writeFileSync(script, zshCompletion(commands));
  const capture = fileURLToPath(new URL("./capture.zsh", import.meta.url));

  /** What zsh offers behind `words`, the last of which is begun. */
  const offeredByZsh = (...words: string[]): string[] => {
    const said = execFileSync("zsh", ["-f", capture, script, ["deblur", ...words].join(" ")], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, HOME: folder, ZDOTDIR: folder, TERM: "dumb" },
    });
    return said.split("\n").filter((line) => line !== "");
  };

  test.each(flagsOfAll)(
    "every option of deblur $words is offered, and no other",
    ({ words, flags }) => {
      // Ways of writing one that has a value end in =.
      const found = offeredByZsh(...words, "-").map((flag) => flag.replace(/=$/, ""));
      expect([...new Set(found)].sort()).toEqual([...flags].sort());
    },
  );

  test("commands and paths as the first word, values of an option, and paths behind -o", () => {
    const first = offeredByZsh("");
    expect(first).toEqual(expect.arrayContaining(namedCommands.map(({ name }) => name)));
    expect(first).toContain("photo.png");
    expect(offeredByZsh("in.png", "--format", "")).toContain("image2pipe");
    expect(offeredByZsh("in.png", "--format", "ti")).toEqual(["tiff"]);
    expect(offeredByZsh("in.png", "-o", "ph")).toEqual(["photo.png"]);
    expect(offeredByZsh("eval", "ph")).toEqual(["photo.png"]);
  });
});

needs("fish in PATH", inPath("fish")).describe("in fish", () => {
  const script = join(folder, "deblur.fish");
  writeFileSync(script, fishCompletion(commands));

  const offeredByFish = (...words: string[]): string[] => {
    const line = ["deblur", ...words].join(" ");
    const said = execFileSync(
      "fish",
      ["--no-config", "-c", `source ${script}; complete -C '${line}'`],
      { cwd: folder, encoding: "utf8", env: { ...process.env, HOME: folder } },
    );
    return said.split("\n").flatMap((row) => row.split("\t")[0] || []);
  };

  test.each(flagsOfAll)(
    "every option of deblur $words is offered, and no other",
    ({ words, flags }) => {
      const long = offeredByFish(...words, "--");
      const short = offeredByFish(...words, "-").filter((flag) => !flag.startsWith("--"));
      expect([...new Set([...long, ...short])].sort()).toEqual([...flags].sort());
    },
  );

  test("commands and paths as the first word, values of an option, and paths behind -o", () => {
    const first = offeredByFish("");
    expect(first).toEqual(expect.arrayContaining(namedCommands.map(({ name }) => name)));
    expect(first).toContain("photo.png");
    expect(offeredByFish("in.png", "--format", "")).toContain("image2pipe");
    expect(offeredByFish("in.png", "--format", "ti")).toEqual(["tiff"]);
    expect(offeredByFish("in.png", "-o", "ph")).toEqual(["photo.png"]);
    expect(offeredByFish("eval", "ph")).toEqual(["photo.png"]);
  });
});

test.each([
  ["zsh", zshCompletion(commands)],
  ["fish", fishCompletion(commands)],
  ["man", manPage(commands, packageVersion()).replaceAll("\\-", "-")],
])("%s names every command and option, and describes it", (shell, script) => {
  for (const { name, options } of commands) {
    if (name !== undefined) expect(script).toContain(name);
    for (const [key, { help }] of Object.entries(options) as [string, OptionRow<unknown>][]) {
      expect(script).toContain(shell === "fish" ? `-l ${flagOf(key).slice(2)} ` : flagOf(key));
      const words = help.split(/[^A-Za-z ]/)[0] as string;
      expect(script).toContain(words);
    }
  }
});

test("packing makes the manual page that the package lists", () => {
  const { files, man, scripts } = JSON.parse(
    readFileSync(new URL("../../../package.json", import.meta.url), "utf8"),
  );
  expect(man).toEqual(["./man/deblur.1"]);
  expect(files).toContain("man");
  expect(scripts.prepack).toBe("npm run docs");
});
