/** Defines what a runtime returns for an image net that it opened. */
import type { DeclaredForm, ImageNetRunner } from "../image-nets/image-net.ts";
import type { BackendFacts } from "./backend.ts";

/** An opened net, what its file declares, and its runtime. */
export interface OpenedNet {
  readonly runner: ImageNetRunner;
  readonly declared: DeclaredForm;
  readonly facts: Pick<BackendFacts, "version" | "precision" | "adapter">;
}
