/**
 * Runs the script that `deblur plan --slurm` writes on a real Slurm: munge, a controller and two nodes on this machine,
 * in a folder of their own. One job of the array is killed, one is requeued; the bytes must be those of one process.
 *
 *     node test/bench/slurm.js        # needs slurm-wlm and munge, as root
 */
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import sharp from "sharp";

const planted = fileURLToPath(new URL("../helpers/planted-deblur.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "deblur-slurm-"));
chmodSync(folder, 0o755);
const at = (...names) => join(folder, ...names);
for (const name of ["run", "state", "log", "bin"]) mkdirSync(at(name));
const started = [];

/** Starts a daemon in the foreground; it is stopped at the end. */
function daemon(program, words) {
  started.push(
    spawn(program, words, {
      stdio: "ignore",
      env: { ...process.env, SLURM_CONF: at("slurm.conf") },
    }),
  );
}

function call(program, ...words) {
  const env = {
    ...process.env,
    SLURM_CONF: at("slurm.conf"),
    PATH: `${at("bin")}:${process.env.PATH}`,
    TILE_MS: "300",
  };
  return execFileSync(program, words, { encoding: "utf8", cwd: folder, env });
}

async function until(is, what, seconds = 180) {
  for (const end = Date.now() + seconds * 1000; ; await wait(200)) {
    const found = is();
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
  }
}

writeFileSync(at("munge.key"), randomBytes(1024), { mode: 0o400 });
writeFileSync(
  at("bin/deblur"),
  `#!/bin/sh\nexec "${process.execPath}" "${planted}" changing "$@"\n`,
  { mode: 0o755 },
);
const node = (i) =>
  `NodeName=n${i} NodeHostname=${hostname()} NodeAddr=127.0.0.1 Port=${36818 + i} CPUs=2 RealMemory=4000`;
writeFileSync(
  at("slurm.conf"),
  `ClusterName=bench
SlurmctldHost=${hostname()}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${at("run/munge.socket")}
SlurmctldPort=36817
SlurmctldPidFile=${at("run/slurmctld.pid")}
SlurmdPidFile=${at("run/slurmd-%n.pid")}
StateSaveLocation=${at("state")}
SlurmdSpoolDir=${at("spool-%n")}
SlurmctldLogFile=${at("log/slurmctld.log")}
SlurmdLogFile=${at("log/slurmd-%n.log")}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
MpiDefault=none
SchedulerParameters=requeue_setup_env_fail,bf_interval=1
${node(0)}
${node(1)}
PartitionName=main Nodes=n0,n1 Default=YES MaxTime=INFINITE State=UP
`,
);

try {
  const munge = ["key-file=munge.key", "socket=run/munge.socket", "pid-file=run/munged.pid"];
  const own = [...munge, "log-file=log/munged.log", "seed-file=run/seed"].map((it) =>
    it.replace("=", `=${folder}/`),
  );
  daemon("munged", ["--foreground", "--force", ...own.map((it) => `--${it}`)]);
  await wait(1000);
  daemon("slurmctld", ["-D", "-f", at("slurm.conf")]);
  await wait(2000);
  for (const i of [0, 1]) daemon("slurmd", ["-D", "-N", `n${i}`, "-f", at("slurm.conf")]);
  await until(() => /idle/.test(call("sinfo", "-h", "-o", "%t %D")), "two idle nodes", 30);

  const size = { width: 336, height: 208 };
  const pixels = Buffer.alloc(size.width * size.height * 3, "a picture without much in it");
  await sharp(pixels, { raw: { ...size, channels: 3 } })
    .png()
    .toFile(at("in.png"));
  const cuts = [
    "--tile",
    "64",
    "--halo",
    "16",
    "--threads",
    "1",
    "--engine",
    "copy",
    "--memory",
    "300M",
  ];
  call("deblur", "in.png", "-o", "one.png", ...cuts, "-q");
  call("deblur", "plan", "in.png", "-o", "map", ...cuts, "--slurm", "--shards", "6");
  const began = Date.now();
  call("bash", "map/job.sbatch");

  // Kills the process of one job, and asks Slurm to requeue another.
  const running = () =>
    call("squeue", "-h", "-t", "R", "-o", "%K %A %p").trim().split("\n").filter(Boolean);
  await until(() => running().length >= 2, "two running jobs");
  await wait(1500);
  const [, requeued] = running().at(-1).split(" ");
  call("scontrol", "requeue", requeued);
  const pids = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid));
  const victim = pids.find((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      return (
        words.includes("planted-deblur.js") && words.includes(at("map")) && /\0run\0/.test(words)
      );
    } catch {
      return false;
    }
  });
  process.kill(Number(victim), "SIGKILL");
  await until(() => call("squeue", "-h").trim() === "", "an empty queue", 300);
  const seconds = ((Date.now() - began) / 1000).toFixed(0);
  const same = readFileSync(at("map.png")).equals(readFileSync(at("one.png")));
  const logs = readdirSync(at("map")).filter((name) => name.endsWith(".log"));
  const killed = logs.filter((name) =>
    /Killed|REQUEUE/.test(readFileSync(at("map", name), "utf8")),
  );
  console.log(
    `6 shards on 2 nodes: ${seconds} s; ${killed.length} jobs killed or requeued; bytes ${same ? "equal" : "DIFFER"}`,
  );
  if (!same) process.exitCode = 1;
} catch (error) {
  for (const name of readdirSync(at("log")))
    console.error(name, readFileSync(at("log", name), "utf8").slice(-2000));
  console.error(error);
  process.exitCode = 1;
} finally {
  for (const child of started.reverse()) {
    child.kill("SIGTERM");
    await new Promise((resolve) => child.once("close", resolve));
  }
  rmSync(folder, { recursive: true, force: true });
}
