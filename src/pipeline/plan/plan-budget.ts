/** A picture and its options in, what the run will take of memory and disk out, before anything of it is written. */
import { planTiles } from "../../image/plan-tiles.ts";
import type { OutputForm } from "../../io/formats/output-form.ts";
import type { InputHeader } from "../../io/sources/open-input.ts";
import { statePath } from "../../io/store/run-state.ts";
import type { Runtime } from "../engines/runtime.ts";
import { isLong } from "../run/long-run.ts";
import { bytesOfTiles } from "./bytes-of-tiles.ts";
import { assertRoom, type DiskUse } from "./plan-disk.ts";
import { planMemory } from "./plan-memory.ts";
import type { ImageJob } from "./run-context.ts";
import type { RunPlan } from "./run-facts.ts";
import { shareOf } from "./share-of.ts";
import type { Settled } from "./usual-tiling.ts";

/** What a run takes, and what follows from it. */
export interface Budget extends Required<Pick<RunPlan, "memory" | "disk">> {
  readonly options: Settled;
  /** Bytes of decoded blocks of the input to keep. */
  readonly kept: number;
  /** Tiles are kept in files. */
  readonly long: boolean;
}

/** @throws OptionError where memory does not suffice, IoError where the disk has no room */
export async function planBudget(
  { output, options: given, resumable }: ImageJob,
  {
    header,
    form,
    runtime,
  }: { readonly header: InputHeader; readonly form: OutputForm; readonly runtime: Runtime },
): Promise<Budget> {
  const { format } = form;
  const { options, kept, expected } = planMemory(given, { header, format, runtime });
  const { width, height, channels, bits } = header;
  const cuts = { width, height, ...options, alignment: runtime.engine.alignment };
  const { feather, tiles } = planTiles(cuts);
  const long = resumable && isLong(output, { tiles });
  const use: DiskUse = {
    ...{ width, height, cog: options.cog, share: shareOf(form, options) },
    sourceBytes: (channels * bits) / 8,
    outputBytes: (channels * (form.bits ?? bits)) / 8,
    spooled: header.isSpooled({ tile: options.tile, kept }),
    stored: long ? { plan: { ...cuts, feather } } : undefined,
    rows: format !== "tiff" || !long || options.pyramid !== undefined,
  };
  const there = bytesOfTiles(statePath(output));
  const { needed, available } = await assertRoom(output, use, { there });
  const memory = {
    ...(expected !== undefined && { expected }),
    ...(options.memory !== undefined && { most: options.memory }),
  };
  return { options, kept, long, memory, disk: { needed, available } };
}
