/** What ends an evaluation of several pictures of which some could not be measured. */

/** Some pictures could not be measured, each of which was told. */
export class PicturesFailedError extends Error {
  readonly _tag = "PicturesFailedError";
  /** That of all failures where they agree. */
  readonly exitCode: number;
  constructor(measured: number, failures: readonly { readonly exitCode: number }[]) {
    super(`${failures.length} of ${measured + failures.length} pictures could not be measured`);
    const [first = 1, ...others] = failures.map(({ exitCode }) => exitCode);
    this.exitCode = others.every((code) => code === first) ? first : 1;
  }
}
