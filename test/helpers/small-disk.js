/** Loaded before the command: every disk says that it has FREE bytes left. */
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

promises.statfs = async () => ({ blocks: 1e9, bavail: Number(process.env.FREE), bsize: 1 });
syncBuiltinESMExports();
