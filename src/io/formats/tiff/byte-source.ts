/** Bytes that can be read from the middle: of a file, or in memory. */
import type { FileHandle } from "node:fs/promises";

export interface ByteSource {
  readonly size: number;
  /** `length` bytes from `position`, undefined where they reach past the end. */
  read(position: number, length: number): Promise<Uint8Array | undefined>;
}

/** The bytes of an open file, which stays the caller's to close. Fails with the system's error. */
export async function bytesOfFile(file: FileHandle): Promise<ByteSource> {
  const { size } = await file.stat();
  return {
    size,
    async read(position, length) {
      if (!isInside(position, length, size)) return undefined;
      const bytes = new Uint8Array(length);
      const { bytesRead } = await file.read(bytes, 0, length, position);
      return bytesRead === length ? bytes : undefined;
    },
  };
}

/** Bytes in memory; what is read shares it. */
export function bytesInMemory(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: async (position, length) =>
      isInside(position, length, bytes.length)
        ? bytes.subarray(position, position + length)
        : undefined,
  };
}

function isInside(position: number, length: number, size: number): boolean {
  return Number.isSafeInteger(position) && position >= 0 && length <= size - position;
}
