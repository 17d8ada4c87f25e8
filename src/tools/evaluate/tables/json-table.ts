/** An evaluation told as JSON, one object a line; the fields stand in the command's --help. */
import { gainOf } from "../score.ts";
import type { Table } from "./table.ts";

/** Of the lines' form; goes up when a field changes its meaning or goes away. */
const version = 1;

export function openJsonTable(write: (text: string) => void): Table {
  let set = "";
  const tell = (event: string, fields: object) =>
    write(`${JSON.stringify({ version, event, set, ...fields }, sayable)}\n`);
  return {
    start({ set: name, names, truth, align, engine, preset, tile, halo }) {
      set = name;
      tell("set", { pictures: names.length, truth, align, engine, preset, tile, halo });
    },
    picture: (score) => tell("picture", { ...score, gain: gainOf(score) }),
    failure: (name, { message, exitCode }) => tell("failed", { name, message, exitCode }),
    end: (summary, means) =>
      tell("summary", {
        ...summary,
        means: Object.fromEntries(means.map(({ key, value }) => [key, value])),
      }),
  };
}

/** What is undefined is null; JSON has no infinite numbers, the PSNR of equal pictures is "Infinity". */
function sayable(_: string, value: unknown): unknown {
  if (value === undefined) return null;
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}
