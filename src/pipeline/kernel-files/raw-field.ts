/**
 * Writes sampled fields as files of numbers. A .npy holds one array; safetensors also holds sigma and the points:
 *
 *     kernels [rows, columns, k, k]   sigma [rows, columns]   x [columns]   y [rows]
 *
 * x and y are the points' pixels in the image as stored. A point whose tile failed holds NaN.
 */
import { npy } from "../../io/formats/npy/npy.ts";
import type { Tensor } from "../../model/weights/weights.ts";
import { writeSafetensors } from "../../model/weights/write-safetensors.ts";
import type { SampledField } from "../../operators/samples/gather-samples.ts";
import type { RawFormat } from "./field-form.ts";

/** Returns the bytes of a file with fields by their names, all at the same points; a .npy holds the first. */
export function rawFields(
  format: RawFormat,
  fields: Readonly<Record<string, SampledField>>,
): Uint8Array<ArrayBuffer> {
  const named = Object.entries(fields).map(([name, field]) => [name, tensorOf(field)] as const);
  const [first] = named;
  const [any] = Object.values(fields);
  if (!first || !any) throw new Error("there is no field to store");
  if (format === "npy") return npy(first[1].data, first[1].shape);
  const { columns, rows, width, height, spacing } = any.points;
  const places = (count: number, at: (i: number) => number): Tensor => ({
    shape: [count],
    data: Float32Array.from({ length: count }, (_, i) => at(i)),
  });
  const positions = [
    ["x", places(columns, any.points.x)],
    ["y", places(rows, any.points.y)],
  ] as const;
  const metadata = { width: `${width}`, height: `${height}`, spacing: `${spacing}` };
  return writeSafetensors(new Map([...named, ...positions]), metadata, "F32");
}

/** Returns [rows, columns] for one channel and [rows, columns, k, k] for k² channels. */
export function shapeOf({ points: { rows, columns }, channels }: SampledField): number[] {
  const k = Math.sqrt(channels);
  return channels === 1 ? [rows, columns] : [rows, columns, k, k];
}

function tensorOf(field: SampledField): Tensor {
  return { shape: shapeOf(field), data: field.values };
}
