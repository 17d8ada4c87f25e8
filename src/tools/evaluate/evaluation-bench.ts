/** What all pictures of an evaluation share: one engine, one pool of threads, one folder for what is measured. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRunFolder } from "../../io/system/run-folder.ts";
import type { Opened } from "../../io/system/scope.ts";
import {
  openWorkbench,
  type Workbench,
  type WorkbenchContext,
} from "../../pipeline/engines/runtime.ts";
import type { FileOptions } from "../../pipeline/options/file-options.ts";

export interface Bench extends Workbench {
  readonly folder: string;
}

/** Opens all three, each into `opened` as soon as it is there. @throws as `openWorkbench`, `openRunFolder` */
export async function openBench(
  options: FileOptions,
  context: WorkbenchContext,
  opened: Opened,
): Promise<Bench> {
  const { path: folder } = opened.add(await openRunFolder(join(tmpdir(), "eval")), (it) =>
    it.remove(),
  );
  return { ...(await openWorkbench(options, context, opened)), folder };
}
