/** Checks options. All errors have one form: "Expected … for NAME but received …". */
import { OptionError } from "./errors.ts";

/** The error for an option `name` that is not `expected`. */
export function invalid(name: string, expected: string, value: unknown): OptionError {
  const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
  return new OptionError(`Expected ${expected} for ${name} but received ${shown}`);
}

/** `value` if it is an integer in [min, max] and a multiple of `step`. @throws OptionError otherwise. */
export function integer(name: string, value: unknown, min: number, max: number, step = 1): number {
  if (typeof value === "number" && Number.isInteger(value)) {
    if (value >= min && value <= max && value % step === 0) return value;
  }
  const multiple = step === 1 ? "" : ` that is a multiple of ${step}`;
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min} up` : `from ${min} to ${max}`;
  throw invalid(name, `an integer ${range}${multiple}`, value);
}

/** `value` if it is a number in [min, max]. @throws OptionError otherwise. */
export function numberIn(name: string, value: unknown, min: number, max: number): number {
  if (typeof value === "number" && value >= min && value <= max) return value;
  throw invalid(name, `a number from ${min} to ${max}`, value);
}

/** `value` if it is one of `allowed`. @throws OptionError otherwise. */
export function oneOf<const T extends string | number | boolean>(
  name: string,
  value: unknown,
  allowed: readonly T[],
): T {
  if ((allowed as readonly unknown[]).includes(value)) return value as T;
  throw invalid(name, `one of ${allowed.join(", ")}`, value);
}
