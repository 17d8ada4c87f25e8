/** What the rest of a run knows of an opened picture, whichever decoder reads it. */
import type { Radiometry } from "../../operators/radiometry.ts";
import type { ImageSource } from "../../operators/tile.ts";
import type { PictureFormat, PictureMetadata } from "./picture-header.ts";

export interface OpenedSource extends ImageSource {
  /** As the user named it. */
  readonly path: string;
  readonly radiometry: Radiometry;
  readonly format: PictureFormat;
  readonly metadata: PictureMetadata;
  /** Lets go of files and addresses and deletes what was spooled. Idempotent. */
  close(): Promise<void>;
}
