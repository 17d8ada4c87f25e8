/** Folders go in, the pictures in them come out: sharp ones, and pairs of a blurry and a sharp one. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { InputError, IoError, NoInputError } from "../../errors.ts";
import { systemCode, systemMessage } from "../system-error.ts";

/** The two files of a real pair. */
export interface PictureFiles {
  readonly sharp: string;
  /** None: a sharp picture alone. */
  readonly blurry: string | undefined;
}

/**
 * Every picture in `folder` and the folders in it, by its suffix, in an order that is the same everywhere.
 * @throws NoInputError where there is no such folder, InputError where there is no picture in it
 */
export async function listSharp(folder: string): Promise<PictureFiles[]> {
  const names = await pictureNames(folder);
  return names.map((name) => ({ sharp: join(folder, name), blurry: undefined }));
}

/**
 * Every picture in `folder`/sharp with the one of the same name in `folder`/blur.
 * @throws NoInputError where one of them is missing, InputError where there are none
 */
export async function listPairs(folder: string): Promise<PictureFiles[]> {
  const [sharp, blur] = [join(folder, "sharp"), join(folder, "blur")];
  const [names, partners] = await Promise.all([pictureNames(sharp), pictureNames(blur)]);
  const known = new Set(partners);
  return names.map((name) => {
    if (!known.has(name))
      throw new NoInputError(join(blur, name), `no such file, but ${join(sharp, name)} is there`);
    return { sharp: join(sharp, name), blurry: join(blur, name) };
  });
}

async function pictureNames(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw unreadable(folder, cause);
  });
  const pictures = names.filter((name) => /\.(?:png|jpe?g|tiff?|webp|avif)$/i.test(name)).sort();
  if (pictures.length === 0) throw new InputError(folder, "Expected pictures but found none");
  return pictures;
}

function unreadable(folder: string, cause: unknown): Error {
  switch (systemCode(cause)) {
    case "ENOENT":
      return new NoInputError(folder, "no such folder", { cause });
    case "ENOTDIR":
      return new NoInputError(folder, "is not a folder", { cause });
    case "EACCES":
    case "EPERM":
      return new NoInputError(folder, "permission denied", { cause });
    default:
      return new IoError(folder, systemMessage(cause), { cause });
  }
}
