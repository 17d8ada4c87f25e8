/** Builds dist/ before the tests where it is older than its sources: workers and the command run compiled. */
import { execFileSync } from "node:child_process";
import { chmodSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const command = join(root, "dist/bin/deblur.js");

export default function build(): void {
  if (builtAt() > Math.max(...["src", "bin", "tsconfig.build.json"].map(changedAt))) return;
  const compiler = "node_modules/typescript/bin/tsc";
  execFileSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], {
    cwd: root,
    stdio: "inherit",
  });
  chmodSync(command, 0o755);
}

/** When the command was compiled, in milliseconds; 0 where it was not. */
function builtAt(): number {
  return statSync(command, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** When the file or folder `name`, or anything in it, changed last; a folder also changes when a file is deleted. */
function changedAt(name: string): number {
  const path = join(root, name);
  const own = statSync(path);
  if (!own.isDirectory()) return own.mtimeMs;
  const inside = readdirSync(path, { recursive: true, encoding: "utf8" });
  return Math.max(own.mtimeMs, ...inside.map((it) => statSync(join(path, it)).mtimeMs));
}
