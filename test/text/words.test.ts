/** Tests that no text of a file changes the terminal. */
import { expect, test } from "vitest";
import { terminalSafe, visible } from "../../src/text/words.ts";

test("control characters and turned letters are replaced, lines and tabs stay", () => {
  const name = "photo\x1b[2J\x1b]0;title\x07.jpg\r\x9b31m\u202egnp.exe\n\tnext line ❤️ 👨‍👩‍👧 é";
  expect(terminalSafe(name)).toBe(
    "photo\ufffd[2J\ufffd]0;title\ufffd.jpg\ufffd\ufffd31m\ufffdgnp.exe\n\tnext line ❤️ 👨‍👩‍👧 é",
  );
  expect(visible("a\nb\x1b")).toBe("a\ufffdb\ufffd");
});
