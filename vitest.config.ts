import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/**/*.gpu.test.ts"],
          globalSetup: "test/global-setup.ts",
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: "gpu",
          include: ["test/**/*.gpu.test.ts"],
          globalSetup: "test/global-setup.ts",
        },
      },
    ],
  },
});
