import { configDefaults, defineConfig } from "vitest/config";

/** Tests for `npm run test:unit`: all that run no built command, without the slowest sweeps. */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: [
      ...configDefaults.exclude,
      "test/command/**",
      "test/examples.test.ts",
      // Every fault at every call, every net against the authors' code, training runs, streams of 1,500 pairs.
      "test/pipeline/run/faults.test.ts",
      "test/model/nets/parity.test.ts",
      "test/model/training/trainer.test.ts",
      "test/tools/train/{step-threads,training-pairs}.test.ts",
    ],
    globalSetup: "test/global-setup.ts",
    testTimeout: 60_000,
    maxWorkers: 2,
  },
});
