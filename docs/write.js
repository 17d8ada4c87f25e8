/** Writes the reference (docs/reference/) and the manual page (man/deblur.1, made for each package). */
import { mkdir, writeFile } from "node:fs/promises";
import { namedCommands, unnamedCommand } from "../dist/src/cli/commands/commands.js";
import { manPage } from "../dist/src/cli/shell/man-page.js";
import { packageVersion } from "../dist/src/io/system/package-file.js";
import { doors, referenceOf } from "./reference.js";

await mkdir(new URL("reference/", import.meta.url), { recursive: true });
for (const door of Object.keys(doors)) {
  await writeFile(new URL(`reference/${door}.md`, import.meta.url), referenceOf(door));
}
await mkdir(new URL("../man/", import.meta.url), { recursive: true });
const page = manPage([unnamedCommand, ...namedCommands], packageVersion());
await writeFile(new URL("../man/deblur.1", import.meta.url), page);
