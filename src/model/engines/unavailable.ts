/** What was found, what is needed and the command that gets it in, one line for whoever asked for an engine out. */
import { UnavailableError } from "../../errors.ts";

export interface Lack {
  /** A sentence of what cannot be done, without its end: "ONNX Runtime cannot be loaded". */
  readonly problem: string;
  /** In the words of whoever refused, an error or a text. */
  readonly found: unknown;
  readonly needed: string;
  /** Makes it usable, where something does. */
  readonly command?: string | undefined;
}

/** `problem (found); needed: …; command`. */
export function unavailable({ problem, found, needed, command }: Lack): UnavailableError {
  const text = found instanceof Error ? found.message : String(found);
  const [first = ""] = text.trim().split("\n");
  const remedy = command === undefined ? "" : `; ${command}`;
  return new UnavailableError(`${problem} (${first}); needed: ${needed}${remedy}`, {
    cause: found,
  });
}
