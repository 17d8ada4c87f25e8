/** Says what tests need of the machine, and skips them where that is missing (in CI that fails: no-skips.ts). */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, test } from "vitest";

/** Whether all these programs are in PATH. */
export function inPath(...programs: readonly string[]): boolean {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return programs.every((program) => folders.some((folder) => existsSync(join(folder, program))));
}

/** The `describe` and `test` of what needs `what`; its name is in their titles where it is not `there`. */
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
