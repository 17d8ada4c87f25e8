/** Describes where the samples of a video frame lie, in memory and in the image, and names the known forms. */

/** Where the coarser chroma samples lie among the luma samples, in luma pixels. */
export interface Chroma {
  /** Luma columns and rows a chroma sample stands for. */
  readonly across: 1 | 2 | 4;
  readonly down: 1 | 2;
  /** The place of the first chroma sample: 0 on the first luma sample, 0.5 between it and the next. */
  readonly x: number;
  readonly y: number;
}

/** The form of a frame's samples. 8 bits are bytes, more are 16-bit words, the lower byte first. */
export interface PixelForm {
  /** The form's name in the stream. */
  readonly name: string;
  readonly model: "yuv" | "rgb" | "grey";
  readonly bits: number;
  /** Of YUV, whose planes Y, Cb, Cr follow each other: the siting of Cb and Cr. */
  readonly chroma?: Chroma;
  /** The frame has transparency: a fourth plane of YUV, a fourth channel of RGB. It is copied. */
  readonly alpha: boolean;
}

/** One component's samples in a frame: sample (x, y) is number `first + (y · width + x) · step`. */
export interface Component {
  readonly first: number;
  readonly step: number;
  readonly width: number;
  readonly height: number;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

const full: Chroma = { across: 1, down: 1, x: 0, y: 0 };
// In 4:2:2 and 4:1:1 chroma lies on the first of its luma samples (ITU-R BT.601).
const half: Chroma = { across: 2, down: 1, x: 0, y: 0 };
const quarter: Chroma = { across: 4, down: 1, x: 0, y: 0 };
const centred: Chroma = { across: 2, down: 2, x: 0.5, y: 0.5 };
const left: Chroma = { across: 2, down: 2, x: 0, y: 0.5 };
const topLeft: Chroma = { across: 2, down: 2, x: 0, y: 0 };

/** 8-bit colour spaces of a YUV4MPEG2 stream, as mjpegtools and FFmpeg write them after C. */
const y4mForms: Readonly<Record<string, Chroma>> = {
  "420": centred,
  "420jpeg": centred,
  "420mpeg2": left,
  "420paldv": topLeft,
  "411": quarter,
  "422": half,
  "444": full,
  "444alpha": full,
};

/** FFmpeg's names after C for more than 8 bits: 420p10, mono16. Their 4:2:0 has the siting of MPEG-2. */
const deepForms: Readonly<Record<string, Chroma>> = { "420": left, "422": half, "444": full };
const depths = [9, 10, 12, 14, 16];

/** Returns the form that a YUV4MPEG2 stream calls `name`; undefined: there is no such form. */
export function y4mForm(name: string): PixelForm | undefined {
  const plain = Object.hasOwn(y4mForms, name) ? y4mForms[name] : undefined;
  if (plain !== undefined) return yuv(name, plain, 8, name.endsWith("alpha"));
  const [, family = "", digits] = /^(mono|4\d\dp)(\d+)?$/.exec(name) ?? [];
  const bits = digits === undefined ? 8 : Number(digits);
  if (family === "mono" && (digits === undefined || depths.includes(bits))) return grey(name, bits);
  const deep = Object.hasOwn(deepForms, family.slice(0, 3)) && deepForms[family.slice(0, 3)];
  return deep && digits !== undefined && depths.includes(bits) ? yuv(name, deep, bits) : undefined;
}

/** Forms of a stream without a header, by FFmpeg's names. */
const rawForms: Readonly<Record<string, PixelForm>> = {
  rgb24: { name: "rgb24", model: "rgb", bits: 8, alpha: false },
  rgba: { name: "rgba", model: "rgb", bits: 8, alpha: true },
  rgb48le: { name: "rgb48le", model: "rgb", bits: 16, alpha: false },
  gray: grey("gray", 8),
  gray16le: grey("gray16le", 16),
  yuv420p: yuv("yuv420p", left, 8),
  yuv444p: yuv("yuv444p", full, 8),
};

/** The names `rawForm` knows. */
export const rawFormNames: readonly string[] = Object.keys(rawForms);

/** Returns the form that FFmpeg calls `name`; undefined: it is not in `rawFormNames`. */
export function rawForm(name: string): PixelForm | undefined {
  return Object.hasOwn(rawForms, name) ? rawForms[name] : undefined;
}

/** Returns the bytes of a frame. */
export function frameBytes(
  form: PixelForm,
  size: { readonly width: number; readonly height: number },
): number {
  const colours = componentsOf(form, size).reduce((sum, one) => sum + one.width * one.height, 0);
  const samples = colours + (form.alpha ? size.width * size.height : 0);
  return samples * bytesOf(form);
}

/** Returns the bytes of a sample. */
export function bytesOf({ bits }: Pick<PixelForm, "bits">): 1 | 2 {
  return bits === 8 ? 1 : 2;
}

/** Returns where the components' samples lie: one component of grey, else three. Chroma of an odd size is rounded up. */
export function componentsOf(
  { model, chroma = full, alpha }: PixelForm,
  { width, height }: Size,
): readonly Component[] {
  if (model === "grey") return [{ first: 0, step: 1, width, height }];
  if (model === "rgb") {
    const step = alpha ? 4 : 3;
    return [0, 1, 2].map((first) => ({ first, step, width, height }));
  }
  const coarse = {
    step: 1,
    width: Math.ceil(width / chroma.across),
    height: Math.ceil(height / chroma.down),
  };
  const luma = width * height;
  return [
    { first: 0, step: 1, width, height },
    { first: luma, ...coarse },
    { first: luma + coarse.width * coarse.height, ...coarse },
  ];
}

function yuv(name: string, chroma: Chroma, bits: number, alpha = false): PixelForm {
  return { name, model: "yuv", bits, chroma, alpha };
}

function grey(name: string, bits: number): PixelForm {
  return { name, model: "grey", bits, alpha: false };
}
