/** Keeps planned runs open between the ranges that a worker computes: the image is decoded once, not for each range. */
import { isDeblurError, UnavailableError } from "../../errors.ts";
import type { RunContext } from "../../pipeline/plan/run-context.ts";
import {
  type OpenShards,
  openShards,
  type ShardsOptions,
} from "../../pipeline/shards/open-shards.ts";

/** Runs that are open. */
export interface OpenRuns {
  /** Lets `use` have the open run of `folder`. It is closed where `use` fails, and after a while without use. */
  with<T>(folder: string, options: ShardsOptions, use: (run: OpenShards) => Promise<T>): Promise<T>;
  /** Closes those that are not in use. */
  close(): Promise<void>;
}

interface Entry {
  readonly key: string;
  readonly opening: Promise<OpenShards>;
  users: number;
  failed: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** Milliseconds a run stays open without use. */
const idle = 10_000;

/** `context` holds for all runs. */
export function keepRunsOpen(context: RunContext): OpenRuns {
  const entries = new Set<Entry>();
  const close = async (entry: Entry): Promise<void> => {
    clearTimeout(entry.timer);
    if (!entries.delete(entry)) return;
    const run = await entry.opening.catch(() => undefined);
    const [problem] = (await run?.close()) ?? [];
    if (problem !== undefined) context.onNote?.(`could not clean up: ${String(problem)}`);
  };
  return {
    async with(folder, options, use) {
      const key = JSON.stringify([folder, options]);
      for (const other of entries) if (other.users === 0 && other.key !== key) await close(other);
      const found = [...entries].find((one) => one.key === key && !one.failed);
      const opening = found?.opening ?? open(folder, options, context);
      const entry = found ?? { key, opening, users: 0, failed: false, timer: undefined };
      entries.add(entry);
      clearTimeout(entry.timer);
      entry.users++;
      try {
        return await use(await entry.opening);
      } catch (error) {
        entry.failed = true;
        throw error;
      } finally {
        entry.users--;
        if (entry.users === 0) {
          if (entry.failed) await close(entry);
          else entry.timer = setTimeout(() => void close(entry), idle).unref();
        }
      }
    },
    async close() {
      for (const entry of [...entries]) await close(entry);
    },
  };
}

/** Another worker may have more memory. */
async function open(
  folder: string,
  options: ShardsOptions,
  context: RunContext,
): Promise<OpenShards> {
  try {
    return await openShards(folder, options, context);
  } catch (error) {
    if (options.options?.memory === undefined || !isDeblurError(error, "OptionError")) throw error;
    throw new UnavailableError(`${folder}: ${error.message}`, { cause: error });
  }
}
