/** Writes an evaluation as JSON, one object a line. `deblur eval --help` lists the fields. */
import { gainOf } from "../score.ts";
import type { Table } from "./table.ts";

/** Version of the lines' form: incremented when a field changes its meaning or is removed. */
const version = 1;

export function openJsonTable(write: (text: string) => void): Table {
  let set = "";
  const writeEvent = (event: string, fields: object) =>
    write(`${JSON.stringify({ version, event, set, ...fields }, jsonValue)}\n`);
  return {
    start({ set: name, names, truth, align, engine, preset, tile, halo, scale }) {
      set = name;
      writeEvent("set", {
        pictures: names.length,
        truth,
        align,
        engine,
        preset,
        tile,
        halo,
        scale,
      });
    },
    picture: (score) => writeEvent("picture", { ...score, gain: gainOf(score) }),
    failure: (name, { message, exitCode }) => writeEvent("failed", { name, message, exitCode }),
    end: (summary, means) =>
      writeEvent("summary", {
        ...summary,
        means: Object.fromEntries(means.map(({ key, value }) => [key, value])),
      }),
  };
}

/** Turns undefined into null, and infinite numbers, which JSON lacks, into text: equal images have PSNR "Infinity". */
function jsonValue(_: string, value: unknown): unknown {
  if (value === undefined) return null;
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}
