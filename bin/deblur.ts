#!/usr/bin/env node
/** The command `deblur`: sets the exit code, nothing else. */
import { main } from "../src/cli/main.ts";

process.exitCode = await main(process.argv.slice(2));
