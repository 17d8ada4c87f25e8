/** Defines `deblur plan`: plans a run for several processes, and writes scripts for clusters. */
import { join } from "node:path";

import { checkTogether } from "../../pipeline/options/complete-options.ts";
import { type FileOptions, fileOptionTable } from "../../pipeline/options/file-options.ts";
import { type OptionTable, path, toggle, upTo, word } from "../../pipeline/options/option-table.ts";
import { counted } from "../../text/words.ts";
import type { ArrayJob } from "../../tools/cluster/array-job.ts";
import { type Command, helpRow, jsonLine, jsonRow, outputRow } from "../command.ts";

/** Options without meaning for a planned run: it replaces nothing, and no process sees all tiles. */
type Unused = "noResume" | "force" | "kernels" | "sigma";

interface PlanFlags extends Omit<FileOptions, Unused> {
  readonly output: string;
  readonly slurm: boolean;
  readonly kubernetes: string | undefined;
  readonly claim: string;
  readonly shards: number | undefined;
  readonly assembled: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
}

const { noResume, force, kernels, sigma, ...rows } = fileOptionTable;
const planned: OptionTable<Omit<FileOptions, Unused>> = rows;

export const planCommand: Command<PlanFlags> = {
  name: "plan",
  operand: "picture",
  usage: "deblur plan IN -o RUN [options]",
  summary: "plans a run for several processes or machines",
  about: `Writes the plan of a run into the folder RUN, without restoring anything. Each deblur run RUN
--shard i/n then computes a part, in any order, on any machine where RUN and IN have the same paths.
deblur assemble RUN -o OUT makes the picture, with the same bytes as one process. Scripts for
clusters do both, with --slurm and --kubernetes; deblur help long-runs shows their use.`,
  options: {
    output: outputRow("the folder of the run", "RUN"),
    slurm: { ...toggle(), common: true, help: "write RUN/job.sbatch for Slurm" },
    kubernetes: {
      ...word("IMAGE"),
      common: true,
      default: undefined,
      otherwise: "none",
      help: "write RUN/kubernetes.yaml with this container image",
    },
    claim: {
      ...word("NAME"),
      common: true,
      default: "deblur",
      help: "claim of the volume with IN and RUN, for Kubernetes",
    },
    shards: {
      ...upTo(1, 1_000_000),
      common: true,
      default: undefined,
      otherwise: "one a 100 tiles, at most 1000",
      help: "parts in the scripts",
    },
    assembled: {
      ...path("OUT"),
      common: true,
      default: undefined,
      otherwise: "RUN with the suffix of IN",
      help: "the picture that the scripts make",
    },
    ...planned,
    json: jsonRow,
    help: helpRow,
  },
  check(options, nameOf) {
    checkTogether(options, nameOf);
  },
  async run({ operand, options }, { stdout, reporter, ...context }) {
    const { output, json, help, slurm, kubernetes, claim, shards, assembled, ...image } = options;
    const { planRun } = await import("../../pipeline/shards/plan-run.ts");
    const planning = { ...context, onNote: reporter.note };
    const plan = await planRun(operand, output, image, planning);
    const { run, width, height, channels, scale, tiles } = plan;
    const { arrayJob } = await import("../../tools/cluster/array-job.ts");
    const job = arrayJob(plan, { input: operand, output: assembled, shards });
    const scripts = await writeScripts(job, { slurm, kubernetes, claim });
    if (scripts.length > 0 && !json) {
      const words = `${counted(job.shards, "shard")}, then ${job.output}`;
      for (const line of scripts) reporter.note(`${line}: ${words}`);
    }
    stdout.write(
      json
        ? jsonLine({ run, width, height, channels, scale, tiles })
        : `${run}: ${counted(tiles, "tile")}${scale === 1 ? "" : ` at scale ${scale}`}; next deblur run ${run} --shard 1/N and so on, then deblur assemble ${run} -o OUT\n`,
    );
  },
};

/** Writes the scripts asked for into the run's folder; returns how each is started. @throws IoError */
async function writeScripts(
  job: ArrayJob,
  { slurm, kubernetes, claim }: Pick<PlanFlags, "slurm" | "kubernetes" | "claim">,
): Promise<readonly string[]> {
  if (!slurm && kubernetes === undefined) return [];
  const { assertFree, replaceFile } = await import("../../io/system/publish.ts");
  // A job that is done again replaces it.
  await assertFree(job.output, { force: false });
  const lines: string[] = [];
  if (slurm) {
    const { slurmScript } = await import("../../tools/cluster/slurm.ts");
    await replaceFile(join(job.run, "job.sbatch"), slurmScript(job));
    lines.push(`bash ${join(job.run, "job.sbatch")}`);
  }
  if (kubernetes !== undefined) {
    const { kubernetesManifest } = await import("../../tools/cluster/kubernetes.ts");
    const manifest = kubernetesManifest(job, { image: kubernetes, claim });
    await replaceFile(join(job.run, "kubernetes.yaml"), manifest);
    lines.push(`kubectl apply -f ${join(job.run, "kubernetes.yaml")}`);
  }
  return lines;
}
