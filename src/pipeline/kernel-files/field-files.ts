/**
 * Writes a run's files of kernels and σ. Samples are collected while tiles pass, the files are made after the last tile
 * and published right after the output. Without such files nothing is sampled.
 */

import { type UnpublishedFile, writeUnpublished } from "../../io/system/unpublished-file.ts";
import type { Engine } from "../../model/engine.ts";
import { knownKernels, type Samplings } from "../deblur-image-options.ts";
import type { FieldFile } from "./field-form.ts";
import { type RecordedImage, recordField } from "./record-field.ts";

/** The files of kernels and σ of one run. */
export interface FieldFiles {
  /** Receives the samples: for `deblurImage`. */
  readonly sample: Samplings;
  /**
   * Makes the files under temporary names. Returns a line for each file with missing points, whose tiles failed or were
   * flat.
   * @throws OutputError, IoError
   */
  make(): Promise<readonly string[]>;
  /**
   * Gives the files their names. Returns a line for each that describes its content.
   * @throws OutputError if a path exists without `force`; IoError
   */
  publish(options: { readonly force: boolean }): Promise<readonly string[]>;
  /** Removes the files that were not published. Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens a run's files; nothing is on disk before `make`. The caller closes them, also when the run fails.
 * @throws OptionError if the engine's net has no kernels
 */
export function openFieldFiles(
  files: readonly FieldFile[],
  engine: Engine,
  image: Omit<RecordedImage, "kernelField">,
): FieldFiles {
  const records = files.map((file) => {
    const kernelField = knownKernels(file.of, engine);
    return { file, record: recordField(file, { ...image, kernelField }) };
  });
  const samplings = (name: keyof Samplings) =>
    records.flatMap(({ record }) => record.sample[name] ?? []);
  const staged: { readonly file: UnpublishedFile; readonly line: string }[] = [];
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
        staged.push({ file: await writeUnpublished(path, bytes), line: `${path}: ${about}` });
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
