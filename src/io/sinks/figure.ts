/** Enlarges, turns upright and encodes the images of kernels and of sigma: 8 bits, red, green, blue. */
import { sharp } from "../formats/libvips.ts";

/** rgb: [height, width, 3] */
export interface Figure {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/** The formats a figure may have; the suffixes are their usual ones. */
export type FigureFormat = "png" | "jpeg" | "webp";

/** Each pixel becomes a square of `factor`², smooth between them if asked for. */
export async function enlarge(
  figure: Figure,
  factor: number,
  { smooth }: { readonly smooth: boolean },
): Promise<Figure> {
  if (factor === 1) return figure;
  const [width, height] = [figure.width * factor, figure.height * factor];
  return read(open(figure).resize(width, height, { kernel: smooth ? "cubic" : "nearest" }));
}

/** Turned as Exif orientation 1..8 says it is to be seen; pixels are worked on as they are stored. */
export async function upright(figure: Figure, orientation: number | undefined): Promise<Figure> {
  if (orientation === undefined || orientation === 1) return figure;
  const tagged = open(figure).withMetadata({ orientation }).tiff({ compression: "none" });
  return read(sharp(await tagged.toBuffer()).autoOrient());
}

/** The bytes of a file. */
export function encodeFigure(figure: Figure, format: FigureFormat): Promise<Buffer> {
  return open(figure)
    .toFormat(format, format === "png" ? {} : { quality: 90 })
    .toBuffer();
}

function open({ width, height, rgb }: Figure): ReturnType<typeof sharp> {
  return sharp(rgb, { raw: { width, height, channels: 3 } });
}

async function read(image: ReturnType<typeof sharp>): Promise<Figure> {
  const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, rgb: data };
}
