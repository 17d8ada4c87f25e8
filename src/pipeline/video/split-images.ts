/**
 * Splits a stream of consecutive images, as FFmpeg's image2pipe writes it. Each image's own structure determines its
 * end, so that a signature inside it (of a thumbnail, in a text) ends nothing.
 */
import { InputError } from "../../errors.ts";
import type { ByteReader } from "../../io/system/byte-reader.ts";

/** An image of the stream. */
export interface StreamedImage {
  readonly format: "png" | "jpeg";
  /** Its bytes in pieces. The caller reads all of them before it pulls the next image. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

const pngSignature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Most bytes of a piece. */
const piece = 2 ** 16;

/**
 * Yields the images, each when it is pulled.
 * @throws InputError with the stream's `name` if something else begins, or an image is malformed; also while its bytes
 *   are read
 */
export async function* splitImages(
  bytes: ByteReader,
  name: string,
): AsyncGenerator<StreamedImage, void, void> {
  try {
    for (let count = 1; ; count++) {
      const start = await bytes.take(2);
      if (start.length === 0) return;
      const taking = openTaking(bytes, name, count);
      if (start[0] === 0xff && start[1] === 0xd8) {
        yield { format: "jpeg", bytes: jpegBytes(start, taking) };
      } else if (start[0] === pngSignature[0] && start[1] === pngSignature[1]) {
        yield { format: "png", bytes: pngBytes(start, taking) };
      } else {
        const found = Buffer.from(start).toString("hex");
        throw taking.broken(`Expected a PNG or a JPEG but found bytes ${found}`);
      }
    }
  } finally {
    await bytes.close();
  }
}

interface Taking {
  /** Takes `count` bytes. @throws InputError if the stream ends before */
  exactly(count: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Takes `count` bytes in pieces, so that a false length in a file allocates no memory. */
  pieces(count: number): AsyncGenerator<Uint8Array, void, void>;
  /** Takes the bytes up to the next `byte`, inclusive. */
  through(byte: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Returns the error for a malformed image. */
  broken(problem: string): InputError;
}

function openTaking(bytes: ByteReader, name: string, count: number): Taking {
  const broken = (problem: string) => new InputError(name, `picture ${count}: ${problem}`);
  const exactly = async (wanted: number): Promise<Uint8Array<ArrayBuffer>> => {
    const taken = await bytes.take(wanted);
    if (taken.length === wanted) return taken;
    throw broken("it is cut short");
  };
  return {
    exactly,
    async *pieces(wanted) {
      for (let left = wanted; left > 0; left -= piece) yield await exactly(Math.min(left, piece));
    },
    async through(byte) {
      const taken = await bytes.through(byte, piece);
      if (taken.length > 0) return taken;
      throw broken("it is cut short");
    },
    broken,
  };
}

/** Reads the signature, then chunks of length, name, data and checksum up to IEND (PNG, third edition, section 5). */
async function* pngBytes(start: Uint8Array, taking: Taking): AsyncGenerator<Uint8Array> {
  yield start;
  const signature = await taking.exactly(pngSignature.length - 2);
  if (signature.some((byte, i) => byte !== pngSignature[i + 2])) {
    throw taking.broken("Expected the signature of a PNG but found another");
  }
  yield signature;
  for (;;) {
    const head = await taking.exactly(8);
    const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
    const length = view.getUint32(0);
    const chunk = Buffer.from(head.subarray(4)).toString("latin1");
    if (length >= 2 ** 31 || !/^[A-Za-z]{4}$/.test(chunk)) {
      throw taking.broken(`Expected a chunk of a PNG but found ${JSON.stringify(chunk)}`);
    }
    yield head;
    yield* taking.pieces(length + 4);
    if (chunk === "IEND") return;
  }
}

/** Reads segments with lengths and scans without, up to the marker EOI (ITU-T T.81, annex B). */
async function* jpegBytes(start: Uint8Array, taking: Taking): AsyncGenerator<Uint8Array> {
  yield start;
  let marker = yield* markerBytes(taking);
  while (marker !== endOfImage) {
    if (hasLength(marker)) yield* segmentBytes(taking);
    marker = yield* marker === startOfScan ? scanBytes(taking) : markerBytes(taking);
  }
}

const startOfScan = 0xda;
const endOfImage = 0xd9;

/** Returns false for RST, TEM and SOI, which are a marker alone. */
function hasLength(marker: number): boolean {
  return marker !== 0x01 && !(marker >= 0xd0 && marker <= 0xd8);
}

/** Reads any number of 0xff and the marker's number, which it returns. */
async function* markerBytes(taking: Taking): AsyncGenerator<Uint8Array, number> {
  const first = await taking.exactly(1);
  yield first;
  if (first[0] !== 0xff) throw taking.broken("Expected a marker of a JPEG but found another byte");
  return yield* afterFill(taking);
}

async function* afterFill(taking: Taking): AsyncGenerator<Uint8Array, number> {
  for (;;) {
    const byte = await taking.exactly(1);
    yield byte;
    if (byte[0] !== 0xff) return byte[0] as number;
  }
}

async function* segmentBytes(taking: Taking): AsyncGenerator<Uint8Array> {
  const length = await taking.exactly(2);
  yield length;
  const bytes = ((length[0] as number) << 8) | (length[1] as number);
  if (bytes < 2) throw taking.broken(`Expected a segment of a JPEG but found length ${bytes}`);
  yield* taking.pieces(bytes - 2);
}

/** Reads coded samples up to the next marker, which it returns. 0xff 0x00 is a sample; RST belong to the samples. */
async function* scanBytes(taking: Taking): AsyncGenerator<Uint8Array, number> {
  for (;;) {
    const samples = await taking.through(0xff);
    yield samples;
    if (samples.at(-1) !== 0xff) continue;
    const next = yield* afterFill(taking);
    if (next !== 0 && !(next >= 0xd0 && next <= 0xd7)) return next;
  }
}
