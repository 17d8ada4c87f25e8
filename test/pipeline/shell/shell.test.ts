/** Completions and the manual page name what the tables of options hold. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { namedCommands, unnamedCommand } from "../../../src/pipeline/commands/commands.ts";
import { flagOf, type OptionRow } from "../../../src/pipeline/option-table.ts";
import { packageVersion } from "../../../src/pipeline/package-file.ts";
import { bashCompletion } from "../../../src/pipeline/shell/bash.ts";
import { fishCompletion } from "../../../src/pipeline/shell/fish.ts";
import { manPage } from "../../../src/pipeline/shell/man-page.ts";
import { zshCompletion } from "../../../src/pipeline/shell/zsh.ts";

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

test.each([
  ["zsh", zshCompletion(commands)],
  ["fish", fishCompletion(commands)],
  ["man", manPage(commands, packageVersion()).replaceAll("\\-", "-")],
])("%s names every command, option and what it means", (shell, script) => {
  for (const { name, options } of commands) {
    if (name !== undefined) expect(script).toContain(name);
    for (const [key, { help }] of Object.entries(options) as [string, OptionRow<unknown>][]) {
      expect(script).toContain(shell === "fish" ? `-l ${flagOf(key).slice(2)} ` : flagOf(key));
      const words = help.split(/[^A-Za-z ]/)[0] as string;
      expect(script).toContain(words);
    }
  }
});

test("the manual page is that of this version: else npm run docs", () => {
  const page = readFileSync(new URL("../../../man/deblur.1", import.meta.url), "utf8");
  expect(page).toBe(manPage(commands, packageVersion()));
});
