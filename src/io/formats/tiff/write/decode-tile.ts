/** Decodes the bytes of a tile that `encodeTile` made. */
import { inflateSync } from "node:zlib";
import type { Raster } from "../../../../image/raster.ts";
import { bitsOf, createSamples, type Samples, type SampleType } from "../../../../image/samples.ts";

/** How the tile was encoded; planes are together. */
export interface TileCoding {
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly channels: number;
  readonly sampleType: SampleType;
  readonly asBits: boolean;
  readonly littleEndian: boolean;
  readonly deflate: boolean;
  readonly predict: boolean;
}

const machineIsLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The whole tile, also where the image ends inside it. */
export function decodeTile(bytes: Uint8Array, coding: TileCoding): Raster {
  const { tileWidth: width, tileHeight: height, channels, deflate } = coding;
  const stored = deflate ? inflateSync(bytes, { maxOutputLength: tileBytes(coding) }) : bytes;
  const samples = coding.asBits ? unpackedBits(stored, coding) : unordered(stored, coding);
  return { width, height, channels, samples };
}

function tileBytes({ tileWidth, tileHeight, channels, sampleType, asBits }: TileCoding): number {
  if (asBits) return Math.ceil(tileWidth / 8) * tileHeight;
  return (tileWidth * tileHeight * channels * bitsOf(sampleType)) / 8;
}

function unpackedBits(bytes: Uint8Array, { tileWidth, tileHeight }: TileCoding): Samples {
  const samples = new Uint8Array(tileWidth * tileHeight);
  const rowBytes = Math.ceil(tileWidth / 8);
  for (let at = 0; at < samples.length; at++) {
    const x = at % tileWidth;
    const byte = bytes[Math.floor(at / tileWidth) * rowBytes + (x >> 3)] as number;
    samples[at] = (byte >> (7 - (x & 7))) & 1;
  }
  return samples;
}

function unordered(bytes: Uint8Array, coding: TileCoding): Samples {
  const { tileWidth, tileHeight, channels, sampleType, littleEndian, predict } = coding;
  const row = tileWidth * channels;
  const samples = createSamples(sampleType, row * tileHeight);
  const own = Buffer.from(samples.buffer);
  if (predict && sampleType.startsWith("float")) sumBytePlanes(bytes, samples, row, channels);
  else {
    own.set(bytes);
    if (littleEndian !== machineIsLittle) swap(own, bitsOf(sampleType));
    if (predict) sumDifferences(samples, row, channels);
  }
  return samples;
}

function sumDifferences(samples: Samples, row: number, stride: number): void {
  for (let start = 0; start < samples.length; start += row) {
    for (let at = start + stride; at < start + row; at++) {
      samples[at] = (samples[at] as number) + (samples[at - stride] as number);
    }
  }
}

function sumBytePlanes(bytes: Uint8Array, samples: Samples, row: number, stride: number): void {
  const to = new Uint8Array(samples.buffer);
  const size = samples.BYTES_PER_ELEMENT;
  const rowBytes = row * size;
  for (let start = 0; start < to.length; start += rowBytes) {
    const sums = bytes.slice(start, start + rowBytes);
    for (let at = stride; at < rowBytes; at++) {
      sums[at] = (sums[at] as number) + (sums[at - stride] as number);
    }
    for (let plane = 0; plane < size; plane++) {
      const byte = machineIsLittle ? size - 1 - plane : plane;
      for (let i = 0; i < row; i++) to[start + i * size + byte] = sums[plane * row + i] as number;
    }
  }
}

function swap(bytes: Buffer, bits: number): void {
  if (bits === 16) bytes.swap16();
  else if (bits === 32) bytes.swap32();
  else if (bits === 64) bytes.swap64();
}
