/**
 * Adds the net's residual to a frame. The residual is a difference of colours; the linear map of the colours turns it
 * into a difference of luma and chroma. A sample whose difference is 0 keeps its bits.
 */
import { levelsScale, lumaWeights } from "./colour.ts";
import type { Frame } from "./frame.ts";
import { samplesOf } from "./frame-colours.ts";
import { type Component, componentsOf } from "./pixel-form.ts";
import { downTaps, type Tap } from "./resample.ts";

/**
 * Returns a new frame: source sample + residual in the sample's unit, rounded and clamped to the form's bits.
 * `residual` is [3, height, width] planar, 0..1. Chroma takes the mean over its luma samples, grey the mean of the
 * three colours. Transparency is copied.
 * @throws Error if a residual is not finite, or `residual` has another size than the frame
 */
export function changeFrame(frame: Frame, residual: Float32Array): Frame {
  const { form, width, height } = frame;
  if (residual.length !== 3 * width * height) {
    throw new Error(`a frame of ${width}×${height} has ${residual.length} residuals`);
  }
  // Not slice(): a Buffer's slice shares its bytes.
  const changed: Frame = { ...frame, data: new Uint8Array(frame.data) };
  const samples = samplesOf(changed);
  const greatest = 2 ** form.bits - 1;
  const change: Change = (at, difference) => {
    if (difference === 0) return;
    // A typed array would silently turn NaN into a black pixel.
    if (!Number.isFinite(difference)) throw new Error(`the residual is ${difference} at ${at}`);
    const value = Math.round((samples[at] as number) + difference);
    samples[at] = Math.min(greatest, Math.max(0, value));
  };
  switch (form.model) {
    case "rgb":
      changeColours(frame, residual, change);
      break;
    case "grey":
      changeGrey(frame, residual, change);
      break;
    case "yuv":
      changeChroma(frame, residual, changeLuma(frame, residual, change), change);
  }
  return changed;
}

/** Adds a difference, in the sample's unit, to sample number `at`. */
type Change = (at: number, difference: number) => void;

function changeColours(frame: Frame, residual: Float32Array, change: Change): void {
  const { luma: unit } = levelsScale(frame.colour.levels, frame.form.bits);
  const plane = frame.width * frame.height;
  for (const [channel, { first, step }] of componentsOf(frame.form, frame).entries()) {
    for (let pixel = 0; pixel < plane; pixel++) {
      change(first + pixel * step, unit * (residual[channel * plane + pixel] as number));
    }
  }
}

function changeGrey(frame: Frame, residual: Float32Array, change: Change): void {
  const { luma: unit } = levelsScale(frame.colour.levels, frame.form.bits);
  const plane = frame.width * frame.height;
  for (let pixel = 0; pixel < plane; pixel++) {
    const red = residual[pixel] as number;
    const green = residual[pixel + plane] as number;
    const blue = residual[pixel + 2 * plane] as number;
    change(pixel, (unit * (red + green + blue)) / 3);
  }
}

/** Changes luma and returns its differences, 0..1. */
function changeLuma(
  { colour, form, width, height }: Frame,
  residual: Float32Array,
  change: Change,
): Float32Array {
  const { kr, kb } = lumaWeights[colour.matrix];
  const { luma: unit } = levelsScale(colour.levels, form.bits);
  const plane = width * height;
  const luma = new Float32Array(plane);
  for (let pixel = 0; pixel < plane; pixel++) {
    const red = residual[pixel] as number;
    const green = residual[pixel + plane] as number;
    const blue = residual[pixel + 2 * plane] as number;
    const difference = kr * red + (1 - kr - kb) * green + kb * blue;
    luma[pixel] = difference;
    change(pixel, unit * difference);
  }
  return luma;
}

/** Changes Cb = (B − Y) ÷ 2 (1 − kb) and Cr = (R − Y) ÷ 2 (1 − kr), averaged before they are rounded. */
function changeChroma(
  frame: Frame,
  residual: Float32Array,
  luma: Float32Array,
  change: Change,
): void {
  const { colour, form, width, height } = frame;
  const { kr, kb } = lumaWeights[colour.matrix];
  const { chroma: unit } = levelsScale(colour.levels, form.bits);
  const { across = 1, down = 1, x = 0, y = 0 } = form.chroma ?? {};
  const columns = downTaps({ length: width, factor: across, first: x });
  const rows = downTaps({ length: height, factor: down, first: y });
  const [, blue, red] = componentsOf(form, frame) as [Component, Component, Component];
  const plane = width * height;
  for (const [{ first }, band, divisor] of [
    [blue, 2, 2 * (1 - kb)],
    [red, 0, 2 * (1 - kr)],
  ] as const) {
    const colours = residual.subarray(band * plane, (band + 1) * plane);
    let at = first;
    for (const row of rows) {
      for (const column of columns) {
        change(at++, (unit * meanDifference(colours, luma, { row, column, width })) / divisor);
      }
    }
  }
}

/** Returns the mean of colour − luma over the luma samples of one chroma sample. */
function meanDifference(
  colours: Float32Array,
  luma: Float32Array,
  { row, column, width }: { readonly row: Tap; readonly column: Tap; readonly width: number },
): number {
  let sum = 0;
  for (let down = 0; down < row.weights.length; down++) {
    const start = (row.from + down) * width + column.from;
    for (let across = 0; across < column.weights.length; across++) {
      const weight = (row.weights[down] as number) * (column.weights[across] as number);
      const pixel = start + across;
      sum += weight * ((colours[pixel] as number) - (luma[pixel] as number));
    }
  }
  return sum;
}
