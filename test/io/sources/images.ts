/** Pictures for the tests of sources and sinks, made and read back by sharp without our code. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import sharp, { type Sharp } from "sharp";
import { onTestFinished } from "vitest";

import type { Samples } from "../../../src/image/samples.ts";

export type { Samples };

export interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
  readonly bits: 8 | 16;
}

/** A folder that is gone when the test is over. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "rx-deblur-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Samples over the whole range, without a pattern a mix-up could survive. */
export function noise({ width, height, channels, bits }: Image, seed = 1): Samples {
  const samples = new (bits === 8 ? Uint8Array : Uint16Array)(width * height * channels);
  let state = seed;
  for (let i = 0; i < samples.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    samples[i] = state >>> 16;
  }
  return samples;
}

function spaceOf({ channels, bits }: Image): "b-w" | "grey16" | "srgb" | "rgb16" {
  if (channels < 3) return bits === 8 ? "b-w" : "grey16";
  return bits === 8 ? "srgb" : "rgb16";
}

/** These samples as a sharp picture in their own space, ready for an encoder. */
export function imageOf(samples: Samples, image: Image): Sharp {
  const { width, height, channels } = image;
  return sharp(samples, { raw: { width, height, channels } }).toColourspace(spaceOf(image));
}

/** All samples of a file, interleaved; one channel at a time, since raw grey loses its alpha. */
export async function samplesOf(path: string, image: Image): Promise<Samples> {
  const { width, height, channels, bits } = image;
  const samples = new (bits === 8 ? Uint8Array : Uint16Array)(width * height * channels);
  for (const channel of ([0, 1, 2, 3] as const).slice(0, channels)) {
    const { data, info } = await sharp(path, { ignoreIcc: true })
      .toColourspace(spaceOf(image))
      .extractChannel(channel)
      .raw({ depth: bits === 8 ? "uchar" : "ushort" })
      .toBuffer({ resolveWithObject: true });
    if (info.width !== width || info.height !== height || info.channels !== 1)
      throw new Error(`${path} is ${info.width}×${info.height}×${info.channels}`);
    const plane = bits === 8 ? data : new Uint16Array(Uint8Array.from(data).buffer);
    for (let i = 0; i < plane.length; i++) samples[i * channels + channel] = plane[i] as number;
  }
  return samples;
}

/** One chunk of a PNG. */
export function pngChunk(name: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length);
  body.copy(whole, 4);
  whole.writeUInt32BE(crc32(body), body.length + 4);
  return whole;
}

/** Where two pictures' samples first differ; undefined where they are equal, of one kind and one length. */
export function firstDifference(found: Samples, expected: Samples): string | undefined {
  if (found.constructor !== expected.constructor || found.length !== expected.length)
    return `${found.constructor.name}(${found.length}) for ${expected.constructor.name}(${expected.length})`;
  const at = found.findIndex((sample, i) => sample !== expected[i]);
  return at < 0 ? undefined : `sample ${at}: ${found[at]} for ${expected[at]}`;
}
