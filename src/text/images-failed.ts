/** What a run of several pictures ends with where some of them failed, each of which has been reported. */
import { exitCodeOf } from "./describe-error.ts";

export class ImagesFailedError extends Error {
  readonly _tag = "PicturesFailedError";
  /** That of all failures where they agree, else 1. */
  readonly exitCode: number;

  /** @param what they did: "failed", "could not be measured" */
  constructor(what: string, failures: readonly unknown[], images: number) {
    super(`${failures.length} of ${images} pictures ${what}`);
    const [first = 1, ...others] = failures.map(exitCodeOf);
    this.exitCode = others.every((code) => code === first) ? first : 1;
  }
}
