/**
 * The files of kernels and σ of a run, beside its output: filled while tiles pass, made when all have passed,
 * published right after the output. Without a file asked for nothing is looked at.
 */
import type { Engine } from "../../model/engine.ts";
import { knownKernels, type Samplings } from "../deblur-image-options.ts";
import type { FieldFile } from "./field-form.ts";
import { recordField, type Seen } from "./record-field.ts";
import { type StagedFile, stageFile } from "./stage-file.ts";

export interface FieldFiles {
  /** For `deblurImage`. */
  readonly sample: Samplings;
  /**
   * Makes the files, still without their names; a line for each that has points missing, because tiles failed or were
   * flat.
   * @throws OutputError, IoError
   */
  make(): Promise<readonly string[]>;
  /**
   * Gives the files their names; a line for each that says what is in it.
   * @throws OutputError where one is taken and not `force`, IoError
   */
  publish(options: { readonly force: boolean }): Promise<readonly string[]>;
  /** Drops what was not published. Idempotent. */
  close(): Promise<void>;
}

/**
 * Nothing is on disk before `make`. The caller closes it, also when the run fails.
 * @throws OptionError where the engine's net knows no kernels
 */
export function openFieldFiles(
  files: readonly FieldFile[],
  engine: Engine,
  image: Omit<Seen, "kernelField">,
): FieldFiles {
  const records = files.map((file) => {
    const kernelField = knownKernels(file.of, engine);
    return { file, record: recordField(file, { ...image, kernelField }) };
  });
  const samplings = (name: keyof Samplings) =>
    records.flatMap(({ record }) => record.sample[name] ?? []);
  const staged: { readonly file: StagedFile; readonly line: string }[] = [];
  return {
    sample: {
      image: samplings("image"),
      sigma: samplings("sigma"),
      kernels: samplings("kernels"),
    },
    async make() {
      const notes: string[] = [];
      for (const { file, record } of records) {
        const { path } = file;
        const { bytes, about } = await record.make();
        staged.push({ file: await stageFile(path, bytes), line: `${path}: ${about}` });
        const unseen = record.unseen();
        if (unseen > 0)
          notes.push(`${path}: ${unseen} points are missing, their tiles failed or were flat`);
      }
      return notes;
    },
    async publish(options) {
      for (const { file } of staged) await file.publish(options);
      return staged.map(({ line }) => line);
    },
    async close() {
      for (const { file } of staged) await file.remove();
    },
  };
}
