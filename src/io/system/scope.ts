/** Closes things that were opened, whatever happens: the last one first. */

export interface Scope {
  /** Remembers how to close `thing` and gives it back. */
  use<T>(thing: T, close: (thing: T) => Promise<void>): T;
  /** Closes everything, even where closing something fails; gives back what went wrong. */
  closeAll(): Promise<readonly unknown[]>;
}

/**
 * Runs `run`, then closes all that it opened, also after an error. A thing that cannot be closed is a note.
 */
export async function withScope<T>(
  { onNote }: { readonly onNote?: (message: string) => void },
  run: (scope: Scope) => Promise<T>,
): Promise<T> {
  const scope = openScope();
  try {
    return await run(scope);
  } finally {
    for (const problem of await scope.closeAll()) {
      onNote?.(`could not clean up: ${String(problem)}`);
    }
  }
}

/** Nothing opened yet. */
export function openScope(): Scope {
  const closers: (() => Promise<void>)[] = [];
  return {
    use(thing, close) {
      closers.push(() => close(thing));
      return thing;
    },
    async closeAll() {
      const problems: unknown[] = [];
      for (let close = closers.pop(); close !== undefined; close = closers.pop()) {
        try {
          await close();
        } catch (problem) {
          problems.push(problem);
        }
      }
      return problems;
    },
  };
}
