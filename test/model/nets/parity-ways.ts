/** The ways in which parity tests compute a net: every consumer, plain and folded. */
import type { consumers } from "../consumers.ts";

/** The consumers that compute the nets, and the folding before that. */
export interface Way {
  readonly consumer: keyof typeof consumers;
  readonly folding: "plain" | "folded";
}

/** Set by the suite of engines (test/engine/run.js) that not every machine has. */
const named = (process.env["TEST_PARITY"] ?? "").split(",").filter((name) => name !== "");
const chosen = named.length > 0 ? (named as Way["consumer"][]) : (["onnx", "wasm", "cpu"] as const);

export const ways: readonly Way[] = chosen.flatMap((consumer) =>
  (["plain", "folded"] as const).map((folding) => ({ consumer, folding })),
);
