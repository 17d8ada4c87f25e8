/** Writes the manual page, man/deblur.1. The tests say when it is out of date. */
import { writeFile } from "node:fs/promises";
import { namedCommands, unnamedCommand } from "../dist/src/pipeline/commands/commands.js";
import { packageVersion } from "../dist/src/pipeline/package-file.js";
import { manPage } from "../dist/src/pipeline/shell/man-page.js";

const page = manPage([unnamedCommand, ...namedCommands], packageVersion());
await writeFile(new URL("../man/deblur.1", import.meta.url), page);
