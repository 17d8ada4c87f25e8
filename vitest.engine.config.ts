import { defineConfig } from "vitest/config";

/** What named engines have to do (see test/engine/run.js); the suite of `npm test` needs none of them. */
const parity = process.env["TEST_PARITY"] !== undefined;

export default defineConfig({
  test: {
    include: parity
      ? ["test/model/nets/parity.test.ts", "test/model/nets/spectral.test.ts"]
      : ["test/engine/*.engine.ts"],
    // Planted faults are caught by arithmetic, whoever does it.
    ...(parity && { testNamePattern: "authors'|PyTorch's" }),
    globalSetup: "test/global-setup.ts",
    // A software driver compiles for half a minute before its first tile.
    testTimeout: 1_800_000,
    hookTimeout: 600_000,
    fileParallelism: false,
  },
});
