/** Makes frames of noise in any form, for tests. */
import type { Frame } from "../../../src/pipeline/frames/frame.ts";
import {
  bytesOf,
  frameBytes,
  type PixelForm,
  rawForm,
  y4mForm,
} from "../../../src/pipeline/frames/pixel-form.ts";
import { seeded } from "../../operators/fakes.ts";

export const y4mNames = [
  "420",
  "420jpeg",
  "420mpeg2",
  "420paldv",
  "411",
  "422",
  "444",
  "444alpha",
  "mono",
  "mono9",
  "mono10",
  "mono12",
  "mono16",
  "420p9",
  "420p10",
  "420p12",
  "420p14",
  "420p16",
  "422p10",
  "422p12",
  "422p16",
  "444p10",
  "444p12",
  "444p16",
];

/** A form by either name. */
export function formOf(name: string): PixelForm {
  const form = y4mForm(name) ?? rawForm(name);
  if (form === undefined) throw new Error(`there is no form ${name}`);
  return form;
}

export function noiseFrame(name: string, size: { width: number; height: number }, seed = 1): Frame {
  const form = formOf(name);
  const random = seeded(seed);
  const data = new Uint8Array(frameBytes(form, size));
  for (let at = 0; at < data.length; at += bytesOf(form)) {
    const value = Math.floor(random() * 2 ** form.bits);
    data[at] = value % 256;
    if (form.bits > 8) data[at + 1] = value >> 8;
  }
  return { ...size, form, colour: { matrix: "709", levels: "limited" }, data, parameters: "" };
}
