/**
 * Reads and writes the first bytes of a stored tile: of which run, which tile, how long, and the checksums that
 * expose a torn, stale or swapped file.
 */
import { crc32 } from "node:zlib";
import { storedHeaderBytes } from "./stored-layout.ts";

export interface TileHeader {
  /** Of the run: 16 bytes, hex. */
  readonly identity: string;
  /** Of the engine that computed it, likewise. */
  readonly engine: string;
  readonly index: number;
  /** The source came with a mask of valid pixels. */
  readonly masked: boolean;
  /** Left as it was because it failed, and the user asked for that. */
  readonly copied: boolean;
  /** Left as it was because it has no structure. */
  readonly flat: boolean;
  /** Left as it was because its kernels are close to none, and the user asked for that. */
  readonly sharp: boolean;
  /** Of the whole file. */
  readonly byteLength: number;
  /** CRC-32 of everything after the header. */
  readonly checksum: number;
}

const magic = "RXDTILE1";
const flags = { masked: 1, copied: 2, flat: 4, sharp: 8 } as const;

/** Writes the header into the first bytes of `file`. */
export function writeTileHeader(file: Buffer, header: TileHeader): void {
  file.write(magic, 0, "latin1");
  file.write(header.identity, 8, 16, "hex");
  file.writeUInt32LE(header.index, 24);
  const set = (["masked", "copied", "flat", "sharp"] as const).filter((flag) => header[flag]);
  file.writeUInt32LE(
    set.reduce((sum, flag) => sum + flags[flag], 0),
    28,
  );
  file.writeBigUInt64LE(BigInt(header.byteLength), 32);
  file.writeUInt32LE(header.checksum, 40);
  file.write(header.engine, 44, 16, "hex");
  file.writeUInt32LE(crc32(file.subarray(0, storedHeaderBytes - 4)), storedHeaderBytes - 4);
}

/** The header, or undefined where these are not the first bytes of a stored tile. */
export function readTileHeader(file: Buffer): TileHeader | undefined {
  if (file.length < storedHeaderBytes || file.toString("latin1", 0, 8) !== magic) return undefined;
  if (file.readUInt32LE(storedHeaderBytes - 4) !== crc32(file.subarray(0, storedHeaderBytes - 4)))
    return undefined;
  const set = file.readUInt32LE(28);
  return {
    identity: file.toString("hex", 8, 24),
    index: file.readUInt32LE(24),
    masked: (set & flags.masked) !== 0,
    copied: (set & flags.copied) !== 0,
    flat: (set & flags.flat) !== 0,
    sharp: (set & flags.sharp) !== 0,
    byteLength: Number(file.readBigUInt64LE(32)),
    checksum: file.readUInt32LE(40),
    engine: file.toString("hex", 44, 60),
  };
}
