/**
 * Reads what a PNG holds beside its pixels, chunk by chunk to the end of the file. libvips sees only the chunks
 * before the pixels, never what colours mean without a profile, and silently skips a damaged profile.
 */
import { type FileHandle, open } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { ofRawProfile } from "../exif/iptc.ts";
import { readRawProfile } from "./raw-profile.ts";

export interface PngChunks {
  /** Whole chunks that say what the numbers mean where no profile does, and the size of a pixel. */
  readonly meaning: readonly Buffer[];
  /** Whole chunks of text. */
  readonly texts: readonly Buffer[];
  readonly exif?: Buffer;
  readonly xmp?: Buffer;
  /** As a JPEG holds it where the PNG was made from one, else bare. */
  readonly iptc?: Buffer;
  /** Images of an animation; 1 in a still one. */
  readonly frames: number;
  /** Names of chunks without their checksum; what they say is left out. */
  readonly damaged: readonly string[];
}

interface Chunk {
  readonly name: string;
  readonly data: Buffer;
  /** With length and checksum. */
  readonly whole: Buffer;
}

const meaningNames = ["cHRM", "gAMA", "sRGB", "cICP", "mDCV", "cLLI", "pHYs"];
const textNames = ["tEXt", "zTXt", "iTXt"];
const wanted = [...meaningNames, ...textNames, "eXIf", "acTL"];
/** Pixels; libpng checks them. The damage of most others it takes for their absence. */
const pixelNames = ["IDAT", "fdAT"];
const xmpKeyword = "XML:com.adobe.xmp";
/** Bytes of chunks we would hold at most; what is more is left out. */
const most = 2 ** 26;
const signatureBytes = 8;
/** Bytes read at a time while skipping pixels. */
const windowBytes = 2 ** 16;

/** Reads the chunks of the PNG at `path` that we carry; pixels are skipped. */
export async function readPngChunks(path: string): Promise<PngChunks> {
  const chunks: Chunk[] = [];
  const damaged: string[] = [];
  const file = await open(path, "r");
  try {
    await walk(file, (name, whole) => {
      const data = whole.subarray(8, -4);
      if (crc32(whole.subarray(4, -4)) !== whole.readUInt32BE(whole.length - 4)) damaged.push(name);
      else if (wanted.includes(name)) chunks.push({ name, data, whole });
    });
    return { ...sorted(chunks), damaged };
  } finally {
    await file.close();
  }
}

function sorted(chunks: readonly Chunk[]): Omit<PngChunks, "damaged"> {
  const dataOf = (name: string) => chunks.find((chunk) => chunk.name === name)?.data;
  const texts: Buffer[] = [];
  const profiles = new Map<string, Buffer>();
  for (const { name, data, whole } of chunks) {
    if (!textNames.includes(name)) continue;
    const profile = xmpOf(name, data) ?? readRawProfile(name, data);
    if (profile === undefined) texts.push(whole);
    else if (!profiles.has(profile.kind)) profiles.set(profile.kind, profile.bytes);
  }
  const captions = profiles.get("8bim") ?? profiles.get("iptc");
  const exif = dataOf("eXIf") ?? profiles.get("exif") ?? profiles.get("app1");
  const xmp = profiles.get("xmp");
  const animation = dataOf("acTL");
  return {
    meaning: chunks.filter(({ name }) => meaningNames.includes(name)).map(({ whole }) => whole),
    texts,
    ...(exif && { exif }),
    ...(xmp && { xmp }),
    ...(captions && { iptc: ofRawProfile(captions) }),
    frames: animation !== undefined && animation.length >= 4 ? animation.readUInt32BE(0) : 1,
  };
}

/** Of an iTXt that is not compressed: keyword, 0, two bytes, language, 0, translated keyword, 0, text. */
function xmpOf(name: string, data: Buffer): { kind: "xmp"; bytes: Buffer } | undefined {
  if (name !== "iTXt" || !data.toString("latin1").startsWith(`${xmpKeyword}\0\0`)) return undefined;
  const language = data.indexOf(0, xmpKeyword.length + 3);
  const translated = language < 0 ? -1 : data.indexOf(0, language + 1);
  return translated < 0 ? undefined : { kind: "xmp", bytes: data.subarray(translated + 1) };
}

/** Calls `take` with each complete chunk that holds no pixels. */
async function walk(file: FileHandle, take: (name: string, whole: Buffer) => void): Promise<void> {
  const { size } = await file.stat();
  let window: Buffer = Buffer.alloc(0);
  let windowStart = 0;
  let held = 0;
  for (let at = signatureBytes; at + 12 <= size; ) {
    if (at < windowStart || at + 8 > windowStart + window.length) {
      window = await read(file, at, windowBytes);
      windowStart = at;
    }
    const length = window.readUInt32BE(at - windowStart);
    const name = window.toString("latin1", at - windowStart + 4, at - windowStart + 8);
    const end = at + 12 + length;
    if (end > size || name === "IEND") return;
    if (!pixelNames.includes(name) && held + length <= most) {
      held += length;
      take(name, await read(file, at, 12 + length));
    }
    at = end;
  }
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
