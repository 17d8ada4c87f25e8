/** Declares bytes that can be read from the middle: of a file, of an address, or in memory. */

export interface Bytes {
  /** All there are. */
  readonly size: number;
  /** Names this state of them: equal where they were opened twice and did not change between. */
  readonly version: string;
  /** `length` bytes from `offset` on a buffer of their own, fewer only where the bytes end. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Ends reads under way. Idempotent. */
  close(): Promise<void>;
}

/** How many of `length` bytes from `offset` there are. */
export function available(offset: number, length: number, size: number): number {
  return Math.max(0, Math.min(length, size - offset));
}

/** Bytes in memory; what is read is a copy. */
export function bytesInMemory(bytes: Uint8Array): Bytes {
  return {
    size: bytes.length,
    version: "",
    read: async (offset, length) => new Uint8Array(bytes.subarray(offset, offset + length)),
    close: async () => {},
  };
}
