/** What the system says when a file operation fails: its code, and its words without the call and path. */

/** The code of a system error ("ENOENT", "ENOSPC", …), undefined for any other error. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}

/** One line in the system's words: "no space left on device" from "ENOSPC: no space left on device, write". */
export function systemMessage(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const line = text.split("\n", 1)[0] ?? "";
  return /^E[A-Z0-9]+: ([^,]+)/.exec(line)?.[1] ?? line;
}
