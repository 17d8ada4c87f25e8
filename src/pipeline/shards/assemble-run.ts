/** Assembles the image of a planned run from its stored tiles. The run is kept, so that this can be repeated. */
import { availableParallelism } from "node:os";
import { NoInputError, OutputError } from "../../errors.ts";
import { planGrid, reductionOf } from "../../image/tiling/grid.ts";
import { outputForm } from "../../io/formats/output-form.ts";
import { openPool } from "../../io/pool/pool.ts";
import { openRasterSink, originOf } from "../../io/sinks/raster-sink.ts";
import { readInputHeader } from "../../io/sources/open-input.ts";
import { identityOf } from "../../io/store/run-record.ts";
import { openTileStore, type StoredTiles } from "../../io/store/tile-store.ts";
import { systemDisk } from "../../io/system/disk.ts";
import { assertFree } from "../../io/system/publish.ts";
import { assertFolder, openRunFolder } from "../../io/system/run-folder.ts";
import { withScope } from "../../io/system/scope.ts";
import { inRanges } from "../../text/words.ts";
import { assertRoomForImage } from "../plan/disk-of-shared-run.ts";
import type { RunContext } from "../plan/run-context.ts";
import type { RunResult } from "../plan/run-facts.ts";
import { outputTypeOf } from "../plan/store-plan.ts";
import { assertAsPlanned, openPlanned, type RunPlaces, readPlannedRun } from "./planned-run.ts";
import { shardsOf } from "./shard.ts";

/**
 * Assembles the image of a planned run and publishes it at `output`, in the form of the plan's options and the suffix.
 * Every tile is read and checked first.
 * @throws NoInputError naming missing or damaged tiles and their shards; OutputError if tiles are of several engines
 *   without `allowMixed`, or the input differs from the planned one; as `deblurFile` for the output
 */
export async function assembleRun(
  folder: string,
  output: string,
  {
    force,
    allowMixed,
    ...places
  }: { readonly force: boolean; readonly allowMixed: boolean } & RunPlaces,
  context: RunContext = {},
): Promise<RunResult> {
  const { input, options, record } = readPlannedRun(folder, places);
  const { plan, engine } = record;
  const { channels, outputType, radiometry } = plan;
  const { width, height, scale } = plan.grid;
  const form = outputForm(output, { ...options, bits: plainBits[outputType] });
  await assertFree(output, { force });
  const header = await readInputHeader(input, { ...options, signal: context.signal });
  await assertFolder(output);
  await assertRoomForImage(output, { header, plan, options, form });
  return withScope(context, async (scope) => {
    const { signal = new AbortController().signal, onNote = () => {} } = context;
    const work = scope.use(await openRunFolder(output), (it) => it.remove()).path;
    const pool = scope.use(openPool({ threads: availableParallelism() }), (it) => it.close());
    const tiles = await openTileStore(folder, {
      ...{ plan, work, signal, ...identityOf(record) },
      ...{ anyEngine: true, pool, disk: systemDisk },
    });
    assertComplete(folder, tiles, planGrid(plan.grid).count, { allowMixed });

    // The source is opened only for its metadata.
    const alignment = plan.grid.alignment / reductionOf(scale);
    const facts = { identity: engine, alignment };
    const opening = { work, scope, signal, onNote, planned: record.input };
    const { source, record: now } = await openPlanned({ input, header, options }, facts, opening);
    assertAsPlanned(folder, record, now, { allowMixed: false });
    outputTypeOf(source, { format: form.format, bits: options.bits });
    const { stripMetadata, compression, cog, pyramid } = options;
    const tiff = { ...originOf(source), compression, cog };
    const sink = scope.use(
      await openRasterSink(output, {
        ...{ width, height, channels, sampleType: outputType, radiometry, pyramid },
        ...{ format: form.format, quality: form.quality, metadata: source.metadata, stripMetadata },
        ...{ folder: work, force, pool, tiff },
      }),
      (it) => it.close(),
    );
    await sink.finish({ signal, image: tiles.image });
    const { count, copied, flat, sharp } = tiles;
    return { input, output, width, height, tiles: count, copied, flat, sharp };
  });
}

/** Bits of the sample types that the option `bits` can name. */
const plainBits: Readonly<Record<string, 8 | 16>> = { uint8: 8, uint16: 16 };

function assertComplete(
  folder: string,
  tiles: StoredTiles,
  count: number,
  { allowMixed }: { readonly allowMixed: boolean },
): void {
  const missing = Array.from({ length: count }, (_, i) => i).filter((index) => !tiles.has(index));
  if (missing.length > 0) {
    const shards = shardsOf(missing, { folder, count, disk: systemDisk });
    const owners = shards === "" ? "" : `, of shards ${shards}`;
    throw new NoInputError(
      folder,
      `expected ${count} tiles, 0 to ${count - 1}, but ${missing.length} are missing or damaged: ` +
        `${inRanges(missing)}${owners}; deblur run ${folder} computes them`,
    );
  }
  if (tiles.mixed.length === 0 || allowMixed) return;
  throw new OutputError(
    folder,
    `${tiles.mixed.length} tiles are of another engine or version than planned: ` +
      `${inRanges(tiles.mixed)}; \`allowMixed\` takes them as they are`,
  );
}
