/** A run told as JSON, one object a line, for a program to read. `deblur --help` lists the fields. */
import { isDeblurError, TileError } from "../../errors.ts";
import type { Reporter, ReporterContext } from "./reporter.ts";

/** Of the events' form; goes up when a field changes its meaning or goes away. */
const version = 1;

/** Writes one object a line to `stream`. */
export function openJsonLines({ stream, now }: ReporterContext): Reporter {
  const started = now();
  const tell = (event: string, fields: object) => {
    stream.write(`${JSON.stringify({ version, event, ...fields })}\n`);
  };
  const seconds = () => Number((now() - started).toFixed(3));
  return {
    start: (plan) => tell("start", plan),
    tile({ tile: { index, core: rect }, tilesDone: done, tilesTotal: tiles, copied, flat }) {
      const how = { copied: copied !== undefined, flat };
      tell("tile", { index, rect, ...how, done, tiles, seconds: seconds() });
    },
    note: (message) => tell("note", { message }),
    done: (result) => tell("done", { ...result, seconds: seconds() }),
    failed(message, error, exitCode) {
      const name = isDeblurError(error)
        ? error._tag
        : error instanceof Error
          ? error.name
          : "Error";
      const where = error instanceof TileError ? { rect: error.rect, stage: error.stage } : {};
      tell("error", { message, name, exitCode, ...where });
    },
  };
}
