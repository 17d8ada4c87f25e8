/** Fails a run in which a test was skipped: with NO_SKIPS=1, as in CI. Tests named after a GPU may be skipped. */
import type { Reporter, TestModule } from "vitest/node";

export const noSkips: Reporter = {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules
      .flatMap(({ children }) => [...children.allTests("skipped")])
      .filter(({ fullName }) => !fullName.includes("GPU"));
    if (skipped.length === 0) return;
    const lines = skipped.map(
      ({ module, fullName }) => `  ${module.relativeModuleId}: ${fullName}`,
    );
    console.error(`NO_SKIPS=1, but ${skipped.length} tests were skipped:\n${lines.join("\n")}`);
    process.exitCode = 1;
  },
};
