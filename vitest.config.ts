import { defineConfig } from "vitest/config";
import { noSkips } from "./test/helpers/no-skips.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/global-setup.ts",
    testTimeout: 60_000,
    reporters: process.env["NO_SKIPS"] === "1" ? ["default", noSkips] : ["default"],
  },
});
