/** Plans an image's run in a folder that several processes share, without restoring any pixel. */
import { resolve } from "node:path";
import { OutputError } from "../../errors.ts";
import { planGrid, type Scale } from "../../image/tiling/grid.ts";
import { readInputHeader } from "../../io/sources/open-input.ts";
import { readRunFile, writeRunFile } from "../../io/store/run-file.ts";
import { namingPath, systemDisk } from "../../io/system/disk.ts";
import { isAddress } from "../../io/system/http-bytes.ts";
import { outputFolderError } from "../../io/system/run-folder.ts";
import { withScope } from "../../io/system/scope.ts";
import { openWorkFolder } from "../../io/system/work-folder.ts";
import type { EngineIdentity } from "../../model/engine.ts";
import { openRuntime } from "../engines/runtime.ts";
import { completeOptions } from "../options/complete-options.ts";
import type { FileOptions } from "../options/file-options.ts";
import { assertRoomForTiles } from "../plan/disk-of-shared-run.ts";
import { planMemory } from "../plan/plan-memory.ts";
import type { RunContext } from "../plan/run-context.ts";
import { assertAsPlanned, openPlanned } from "./planned-run.ts";

/** The facts of a planned run. */
export interface RunPlanned {
  readonly run: string;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly scale: Scale;
  readonly tiles: number;
  /** Of the process at its peak, about; undefined: the engine was never measured. */
  readonly memory: number | undefined;
  readonly threads: number;
  readonly engine: EngineIdentity;
  /** Of the engine's net; undefined: the net has other sizes than any preset, or the engine has no net. */
  readonly preset: string | undefined;
  /** Side of a tile in pixels. */
  readonly tile: number;
}

/**
 * Plans the run of the image at `input` in `folder`, and creates the folder. Opens the engine to learn its version.
 * Planning the same run again, with the same settings, changes nothing.
 * @throws OutputError if the folder holds other files or another run, or cannot be created; as `deblurFile`
 */
export async function planRun(
  input: string,
  folder: string,
  given: Partial<FileOptions>,
  context: RunContext = {},
): Promise<RunPlanned> {
  const complete = completeOptions(given);
  const { weights, net, mask } = complete;
  // Other processes start in other folders.
  const asked = {
    ...complete,
    ...{ weights: weights && resolve(weights), net: net && resolve(net) },
    mask: mask && resolve(mask),
  };
  const header = await readInputHeader(input, { ...asked, signal: context.signal });
  const found = enter(folder);
  return withScope(context, async (scope) => {
    const { signal = new AbortController().signal, onNote = () => {} } = context;
    const work = scope.use(openWorkFolder(folder, systemDisk), async (it) => it.remove());
    const runtime = await openRuntime(asked, context, scope);
    const { options, expected: memory } = planMemory(asked, { header, format: "tiff", runtime });
    const job = { input: isAddress(input) ? input : resolve(input), header, options };
    const { record } = await openPlanned(job, runtime.engine, {
      work: work.path,
      scope,
      signal,
      onNote,
      ...(found && { planned: found.record.input }),
    });
    if (found !== undefined) assertAsPlanned(folder, found.record, record, { allowMixed: false });
    await assertRoomForTiles(folder, { header, plan: record.plan, options });
    writeRunFile(
      folder,
      { record, planned: { input: job.input, options: { ...options } } },
      systemDisk,
    );
    const { grid, channels } = record.plan;
    const { width, height, scale = 1 } = grid;
    const { threads, tile } = options;
    return {
      ...{ run: folder, width, height, channels, scale, tiles: planGrid(grid).count },
      ...{ memory, threads, engine: record.engine, preset: runtime.preset, tile },
    };
  });
}

/** Creates the folder, or returns the run planned in it. */
function enter(folder: string): ReturnType<typeof readRunFile> {
  try {
    systemDisk.makeFolder(folder);
  } catch (cause) {
    throw outputFolderError(folder, cause);
  }
  const found = readRunFile(folder, systemDisk);
  if (found === undefined && namingPath(folder, () => systemDisk.list(folder)).length > 0) {
    throw new OutputError(folder, "is a folder with other files in it");
  }
  return found;
}
