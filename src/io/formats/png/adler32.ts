/** Adler-32, the checksum at the end of a zlib stream (RFC 1950), of parts that are known apart. */

const base = 65521;
/** Bytes until the sums could leave 32 bits. */
const most = 5552;

/** The checksum of no bytes. */
export const adlerOfNothing = 1;

/** The checksum of `bytes`. */
export function adler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (let start = 0; start < bytes.length; start += most) {
    const end = Math.min(start + most, bytes.length);
    for (let i = start; i < end; i++) {
      a += bytes[i] as number;
      b += a;
    }
    a %= base;
    b %= base;
  }
  return (b * 65536 + a) >>> 0;
}

/** The checksum of two parts together, from the checksum of each and the length of the second. */
export function joinAdler32(first: number, second: number, secondLength: number): number {
  const a = (first & 0xffff) + (second & 0xffff) - 1;
  // Each byte of the second part adds the first part's sum once more, without the 1 it begins with.
  const repeated = (secondLength % base) * ((first & 0xffff) - 1);
  const b = (first >>> 16) + (second >>> 16) + repeated;
  return (modulo(b) * 65536 + modulo(a)) >>> 0;
}

function modulo(value: number): number {
  return ((value % base) + base) % base;
}
