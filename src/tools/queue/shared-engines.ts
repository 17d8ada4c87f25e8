/** Keeps the engine of a worker's last job open for its next one: loading a net takes longer than a small picture. */
import { chooseEngine, type OpenEngine } from "../../pipeline/engines/choose-engine.ts";
import type { EngineChoice } from "../../pipeline/engines/engine-options.ts";

/** Opens engines that several jobs use. */
export interface SharedEngines {
  /** As `chooseEngine`, but disposing the engine leaves it open for the next job. */
  readonly open: OpenEngine;
  /** Opens anew from now on: the device was lost, or hangs. */
  forget(): void;
  close(): Promise<void>;
}

type Opened = ReturnType<OpenEngine>;

/** `open` opens the engines; no more than one that is not in use stays open. */
export function shareEngines(open: OpenEngine = chooseEngine): SharedEngines {
  interface Entry {
    readonly key: string;
    readonly opening: Opened;
    users: number;
    forgotten: boolean;
  }
  const entries: Entry[] = [];
  const dispose = async ({ opening }: Entry): Promise<void> => {
    const chosen = await opening.catch(() => undefined);
    await chosen?.engine.dispose();
  };
  const remove = (entry: Entry): Promise<void> => {
    entries.splice(entries.indexOf(entry), 1);
    return dispose(entry);
  };
  return {
    async open(options, onNote) {
      const choice = engineOf(options);
      const key = JSON.stringify(choice);
      const found = entries.find((one) => one.key === key && !one.forgotten);
      const entry = found ?? { key, opening: open(choice, onNote), users: 0, forgotten: false };
      if (found === undefined) entries.push(entry);
      entry.users++;
      for (const other of entries.filter((one) => one.users === 0)) await remove(other);
      let left = false;
      const leave = async (): Promise<void> => {
        if (left) return;
        left = true;
        entry.users--;
        if (entry.users === 0 && entry.forgotten) await remove(entry);
      };
      try {
        const chosen = await entry.opening;
        await chosen.ready;
        return { ...chosen, engine: { ...chosen.engine, dispose: leave } };
      } catch (error) {
        entry.forgotten = true;
        await leave();
        throw error;
      }
    },
    forget() {
      for (const entry of entries) entry.forgotten = true;
    },
    async close() {
      await Promise.all(entries.splice(0).map(dispose));
    },
  };
}

/** The options that decide on the engine; `options` may hold those of an image, too. */
function engineOf(options: EngineChoice): EngineChoice {
  const { weights, preset, net, netRange, engine, adapter } = options;
  const { threads, pooling, precision, noise } = options;
  return {
    ...{ weights, preset, net, netRange, engine, adapter },
    ...{ threads, pooling, precision, noise },
  };
}
