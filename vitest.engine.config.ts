import { defineConfig } from "vitest/config";

/** What a named engine has to do (see test/engine/run.js); the suite of `npm test` needs none of it. */
export default defineConfig({
  test: {
    include: ["test/engine/*.engine.ts"],
    globalSetup: "test/global-setup.ts",
    // A software driver compiles for half a minute before its first tile.
    testTimeout: 1_800_000,
    hookTimeout: 600_000,
    fileParallelism: false,
  },
});
