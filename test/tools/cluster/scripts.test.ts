import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { RunPlanned } from "../../../src/pipeline/shards/plan-run.ts";
import { arrayJob, parallelLine } from "../../../src/tools/cluster/array-job.ts";
import { kubernetesManifest } from "../../../src/tools/cluster/kubernetes.ts";
import { slurmScript } from "../../../src/tools/cluster/slurm.ts";

const planned: RunPlanned = {
  ...{ run: "/data/map run", width: 40_000, height: 30_000, channels: 3, scale: 1, tiles: 8000 },
  ...{ memory: 1.13e9, threads: 8, preset: "lite", tile: 512 },
  engine: {
    ...{ engine: "onnx", version: "1", precision: "float32", threads: 8 },
    ...{ pooling: "tlc", noise: undefined, weights: "" },
  },
};
const choice = { input: "/data/in/map.tif", output: undefined, shards: undefined };

describe("the scripts of a plan", () => {
  const job = arrayJob(planned, choice);

  it("are made from one description", () => {
    expect(job).toEqual({
      ...{ name: "deblur-map-run", run: "/data/map run", output: "/data/map run.tif" },
      ...{ folder: "/data", shards: 80, cpus: 8, megabytes: 1400 },
    });
  });

  it("are these for Slurm, Kubernetes and GNU parallel", () => {
    expect(slurmScript(job)).toMatchSnapshot("Slurm");
    const manifest = kubernetesManifest(job, { image: "registry/deblur:1", claim: "pictures" });
    expect(manifest).toMatchSnapshot("Kubernetes");
    expect(parallelLine(job)).toMatchSnapshot("parallel");
  });

  it("ask for no memory where the engine was never measured", () => {
    const unknown = arrayJob({ ...planned, memory: undefined }, choice);
    expect(slurmScript(unknown)).not.toContain("--mem");
    expect(kubernetesManifest(unknown, { image: "i", claim: "c" })).not.toContain("memory");
  });

  it("have no more shards than tiles, and no volume without a folder in common", () => {
    expect(arrayJob(planned, { ...choice, shards: 9000 }).shards).toBe(8000);
    const apart = arrayJob(planned, { ...choice, output: "/scratch/out.tif" });
    expect(() => kubernetesManifest(apart, { image: "i", claim: "c" })).toThrow("below one folder");
  });
});

test("the script for Slurm is a shell's, and quotes any path", () => {
  const name = fc.string({ minLength: 1, maxLength: 12, unit: "grapheme-ascii" });
  const asWord = name.filter((it) => !/[/\0]|^\.{1,2}$/.test(it));
  fc.assert(
    fc.property(asWord, (word) => {
      const job = arrayJob({ ...planned, run: `/data/${word}` }, choice);
      expect(job.name).toMatch(/^[a-z]([-a-z0-9]*[a-z0-9])?$/);
      // Run outside a job with another sbatch, which writes the words it is given.
      const sbatch = 'sbatch() { printf "%s\\n" "$#" "$@" >&2; echo 7; }\n';
      const shown = execFileSync(
        "bash",
        ["--norc", "-c", `(${sbatch}${slurmScript(job)}\n) 2>&1`],
        {
          encoding: "utf8",
          env: { PATH: process.env["PATH"] },
        },
      );
      expect(shown).toContain(`2\n--parsable\n/data/${word}/job.sbatch\n`);
      expect(shown).toContain("--dependency=afterok:7\n");
      expect(shown).toContain(`--output=/data/${word}/slurm-assemble.log\n--wrap\n`);
    }),
    { numRuns: 30 },
  );
});
