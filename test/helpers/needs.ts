/** Skips tests where a program or file they need is missing, and names it. In CI that fails: see no-skips.ts. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, test } from "vitest";

/** Whether all these programs are in PATH. */
export function inPath(...programs: readonly string[]): boolean {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return programs.every((program) => folders.some((folder) => existsSync(join(folder, program))));
}

/** `describe` and `test` for tests that need `what`. Where it is missing they are skipped, and their titles name it. */
export function needs(what: string, there: boolean) {
  const titled = (title: string): string => (there ? title : `${title} (skipped: needs ${what})`);
  return {
    describe(title: string, body: () => void): void {
      describe.skipIf(!there)(titled(title), body);
    },
    test(title: string, body: () => void | Promise<void>): void {
      test.skipIf(!there)(titled(title), body);
    },
  };
}
