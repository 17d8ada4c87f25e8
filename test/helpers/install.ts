/**
 * The built command in an installation of its own, whose packages are links to ours, but for those that are planted
 * or left out.
 */
import { cp, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Packages that a developer may have installed and a user may not. */
const optional = [
  "webgpu",
  "bullmq",
  "ioredis",
  "@tensorflow/tfjs-backend-webgpu",
  "@tensorflow/tfjs-node",
  "@tensorflow/tfjs-node-gpu",
];

export interface Planted {
  /** Scripts in the place of packages, by name. */
  readonly modules?: Readonly<Record<string, string>>;
  /** Packages that are not there. */
  readonly without?: readonly string[];
}

/** Installs into the new folder `home`; the path of its command. */
export async function install(
  home: string,
  { modules = {}, without = [] }: Planted = {},
): Promise<string> {
  const packages = join(home, "node_modules");
  await mkdir(join(packages, "@tensorflow"), { recursive: true });
  await cp(join(root, "dist"), join(home, "dist"), { recursive: true });
  await cp(join(root, "package.json"), join(home, "package.json"));
  await symlink(join(root, "weights"), join(home, "weights"));
  await mkdir(join(home, "src/tools/html"), { recursive: true });
  await symlink(join(root, "src/tools/html/page"), join(home, "src/tools/html/page"));
  const ours = join(root, "node_modules");
  const scoped = (await readdir(join(ours, "@tensorflow"))).map((name) => `@tensorflow/${name}`);
  const all = (await readdir(ours)).filter((name) => name !== "@tensorflow");
  const left = new Set([...optional, ...without, ...Object.keys(modules)]);
  for (const name of [...all, ...scoped]) {
    if (!left.has(name)) await symlink(join(ours, name), join(packages, name));
  }
  for (const [name, script] of Object.entries(modules)) {
    const place = join(packages, name);
    await mkdir(dirname(place), { recursive: true });
    await mkdir(place);
    const facts = { name, version: "0.0.0", main: "index.cjs" };
    await writeFile(join(place, "package.json"), JSON.stringify(facts));
    await writeFile(join(place, "index.cjs"), script);
  }
  return join(home, "dist/bin/deblur.js");
}
