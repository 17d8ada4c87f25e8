/** Extracts from a failed file operation its code and its message, without the call and the path. */
import { IoError, NoInputError } from "../../errors.ts";

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

/** The error for a file that the system does not let us read. */
export function unreadable(path: string, cause: unknown): unknown {
  switch (systemCode(cause)) {
    case undefined:
      return cause;
    case "ENOENT":
    case "ENOTDIR":
      return new NoInputError(path, "no such file", { cause });
    case "EACCES":
    case "EPERM":
      return new NoInputError(path, "permission denied", { cause });
    default:
      return new IoError(path, systemMessage(cause), { cause });
  }
}
