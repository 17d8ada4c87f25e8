/** Opens what all images of an evaluation share: one engine, one pool of threads, one folder for scratch files. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRunFolder } from "../../io/system/run-folder.ts";
import type { Scope } from "../../io/system/scope.ts";
import { openRuntime, type Runtime, type RuntimeContext } from "../../pipeline/engines/runtime.ts";
import type { FileOptions } from "../../pipeline/options/file-options.ts";

export interface EvaluationRuntime extends Runtime {
  readonly folder: string;
}

/** Opens all three; `scope` closes them. @throws as `openRuntime`, `openRunFolder` */
export async function openEvaluation(
  options: FileOptions,
  context: RuntimeContext,
  scope: Scope,
): Promise<EvaluationRuntime> {
  const { path: folder } = scope.use(await openRunFolder(join(tmpdir(), "eval")), (it) =>
    it.remove(),
  );
  return { ...(await openRuntime(options, context, scope)), folder };
}
