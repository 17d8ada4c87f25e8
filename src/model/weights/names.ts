/** Validates and prints names and texts from untrusted files. */
import { WeightsError } from "../../errors.ts";

const longest = 200;

/** A text from a file, safe for messages: quoted, shortened, without control characters. */
export function printable(text: string): string {
  const cut = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return JSON.stringify(cut.replace(/\p{C}/gu, "\u{fffd}"));
}

/** @throws WeightsError unless `name` is a valid tensor name: 1 to 200 visible characters */
export function checkName(name: string): void {
  if (name === "" || name.length > longest || /\p{C}/u.test(name)) {
    throw new WeightsError(
      `expected tensor names of 1 to ${longest} visible characters but found ${printable(name)}`,
    );
  }
}

/** The first five names, for a message. */
export function listed(names: readonly string[]): string {
  const more = names.length > 5 ? ` and ${names.length - 5} more` : "";
  return `${names.slice(0, 5).join(", ")}${more}`;
}
