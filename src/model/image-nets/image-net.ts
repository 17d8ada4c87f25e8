/**
 * Describes an image net: a net made elsewhere that maps an image to its restored image, and knows no kernels. It is
 * stored as ONNX or as a graph model of TensorFlow.js.
 */

/** The file format of an image net, which decides the runtime. */
export type ImageNetKind = "onnx" | "tfjs";

/** The values that are black and white to the net. */
export type PixelRange = "0..1" | "0..255" | "-1..1";

export const pixelRanges: readonly PixelRange[] = ["0..1", "0..255", "-1..1"];

/** The order of a batch's dimensions. */
export type PixelLayout = "NCHW" | "NHWC";

/** An image net as it is passed to an engine. */
export interface ImageNet {
  readonly kind: ImageNetKind;
  /** An ONNX model without external data, or the description (model.json) of a graph model. */
  readonly model: Uint8Array;
  /** The values of a graph model, in the order of its description; empty for ONNX. */
  readonly values: Uint8Array;
  /** undefined: that of the file's metadata, or found by a trial. */
  readonly range: PixelRange | undefined;
}

/** How an image net takes its input. Constant for its file. */
export interface ImageNetForm {
  readonly layout: PixelLayout;
  readonly range: PixelRange;
  /** The input's sides are multiples of this; 1 if they are fixed. */
  readonly multiple: number;
  /** The only height and width it takes; undefined: any multiples. */
  readonly fixed: readonly [height: number, width: number] | undefined;
}

/** What a file says about its net's form; the rest is found by a trial. */
export interface DeclaredForm {
  readonly layout: PixelLayout | undefined;
  readonly fixed: readonly [height: number, width: number] | undefined;
  readonly range: PixelRange | undefined;
  readonly multiple: number | undefined;
  /** The net's factors and offsets: one of 255 tells that pixels are 0..255. */
  readonly scalars: readonly number[];
}

/** The form in words: "NCHW, 0..1, sides multiples of 8". Part of a run's identity. */
export function formWords({ layout, range, multiple, fixed }: ImageNetForm): string {
  const sides = fixed ? `always ${fixed[1]}×${fixed[0]}` : `sides multiples of ${multiple}`;
  return `${layout}, ${range}, ${sides}`;
}

/** An opened net: computes one image. */
export interface ImageNetRunner {
  /**
   * @param pixels [1, 3, h, w] or [1, h, w, 3], in the net's range
   * @returns the first output of the input's size, in the same layout and range; undefined if none has that size
   * @throws the runtime's error
   */
  run(
    pixels: Float32Array<ArrayBuffer>,
    size: { readonly layout: PixelLayout; readonly height: number; readonly width: number },
  ): Promise<NetOutput>;
  dispose(): Promise<void>;
}

/** What a net returned. */
interface NetOutput {
  /** Of the first output with the input's shape; undefined: there is none. */
  readonly values: Float32Array<ArrayBuffer> | undefined;
  /** Shape and type of each output, for messages. */
  readonly outputs: readonly string[];
}
