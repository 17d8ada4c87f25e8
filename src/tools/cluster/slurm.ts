/** Writes a planned run as a batch script of Slurm: an array of jobs, and the assembly after all of them. */
import { shellWord } from "../../text/shell-word.ts";
import { type ArrayJob, assembleWords, shardWords } from "./array-job.ts";

/** The script: `bash` submits both, `sbatch` the array alone. A job that is requeued keeps its finished tiles. */
export function slurmScript(job: ArrayJob): string {
  const { name, run, shards, cpus, megabytes } = job;
  const memory = megabytes === undefined ? [] : [`--mem=${megabytes}M`];
  const options = ["--ntasks=1", `--cpus-per-task=${cpus}`, ...memory, "--requeue"];
  const logs = (file: string) => ["--open-mode=append", `--output=${run}/${file}`];
  const array = [`--job-name=${name}`, `--array=0-${shards - 1}`, ...options];
  const last = [`--job-name=${name}-assemble`, ...options, ...logs("slurm-assemble.log")];
  // Slurm reads no quotes of a shell, but its own, in the options of a script.
  const lines = [...array, ...logs("slurm-%A_%a.log")].map((option) =>
    /\s/.test(option) ? `#SBATCH ${option.replace("=", '="')}"` : `#SBATCH ${option}`,
  );
  return `#!/bin/bash
# Made by deblur plan. Submit the shards and the assembly after them: bash ${shellWord(`${run}/job.sbatch`)}
${lines.join("\n")}
set -eu

# Outside a job: submits.
if [ -z "\${SLURM_JOB_ID:-}" ]; then
  array=$(sbatch --parsable ${shellWord(`${run}/job.sbatch`)})
  sbatch --dependency="afterok:\${array%%;*}" --kill-on-invalid-dep=yes \\
    ${last.map(shellWord).join(" ")} \\
    --wrap ${shellWord(lastWords(job))}
  exit
fi

code=0
${shardWords(job, '"$SLURM_ARRAY_TASK_ID"')} --threads "\${SLURM_CPUS_PER_TASK:-${cpus}}" || code=$?
# Killed, out of memory or out of time: tries again, with the finished tiles.
if { [ $code -ge 128 ] || [ $code = 75 ]; } && [ "\${SLURM_RESTART_COUNT:-0}" -lt 3 ]; then
  scontrol requeue "$SLURM_JOB_ID"
fi
exit $code
`;
}

/** A client of NFS may see a new tile only after a minute: missing tiles are looked for again. */
function lastWords(job: ArrayJob): string {
  const once = `${assembleWords(job)} \${SLURM_RESTART_COUNT:+--force}`;
  return `${once} || { [ $? = 66 ] && sleep 65 && ${once}; }`;
}
