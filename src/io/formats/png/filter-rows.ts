/**
 * PNG's filters (PNG 3rd edition, section 9): each row as differences from its neighbours, by the one of five
 * rules whose differences are smallest in sum, the standard's own advice for photographs.
 */

/** Rows of pixels as bytes, samples of 16 bit most significant byte first. */
export interface PixelRows {
  readonly bytes: Uint8Array;
  readonly rowBytes: number;
  /** From a sample to the same sample of the pixel on its left. */
  readonly pixelBytes: number;
}

/**
 * Rows from `first` on, each after the number of its filter. Row 0 has no row above: it is the top of the
 * picture, or only context.
 */
export function filterRows(
  { bytes, rowBytes, pixelBytes }: PixelRows,
  first: number,
): Uint8Array<ArrayBuffer> {
  const rows = bytes.length / rowBytes - first;
  const out = new Uint8Array(rows * (rowBytes + 1));
  const nothing = new Uint8Array(rowBytes);
  const trials = filters.map(() => new Uint8Array(rowBytes));
  for (let i = 0; i < rows; i++) {
    const start = (first + i) * rowBytes;
    const row = bytes.subarray(start, start + rowBytes);
    const above = start === 0 ? nothing : bytes.subarray(start - rowBytes, start);
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (const [number, filter] of filters.entries()) {
      const sum = filter(row, above, pixelBytes, trials[number] as Uint8Array);
      if (sum < least) {
        best = number;
        least = sum;
      }
    }
    out[i * (rowBytes + 1)] = best;
    out.set(trials[best] as Uint8Array, i * (rowBytes + 1) + 1);
  }
  return out;
}

/** Filters `row` into `to`; gives back the sum of the differences' sizes as signed bytes. */
type Filter = (row: Uint8Array, above: Uint8Array, pixelBytes: number, to: Uint8Array) => number;

const none: Filter = (row, _above, _pixelBytes, to) => {
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += put(to, i, row[i] as number);
  return sum;
};

const left: Filter = (row, _above, pixelBytes, to) => {
  let sum = 0;
  for (let i = 0; i < pixelBytes; i++) sum += put(to, i, row[i] as number);
  for (let i = pixelBytes; i < row.length; i++) {
    sum += put(to, i, (row[i] as number) - (row[i - pixelBytes] as number));
  }
  return sum;
};

const up: Filter = (row, above, _pixelBytes, to) => {
  let sum = 0;
  for (let i = 0; i < row.length; i++) {
    sum += put(to, i, (row[i] as number) - (above[i] as number));
  }
  return sum;
};

const average: Filter = (row, above, pixelBytes, to) => {
  let sum = 0;
  for (let i = 0; i < pixelBytes; i++) {
    sum += put(to, i, (row[i] as number) - ((above[i] as number) >> 1));
  }
  for (let i = pixelBytes; i < row.length; i++) {
    const mean = ((row[i - pixelBytes] as number) + (above[i] as number)) >> 1;
    sum += put(to, i, (row[i] as number) - mean);
  }
  return sum;
};

/** The one of left, above and above left that is nearest to left + above − above left. */
const paeth: Filter = (row, above, pixelBytes, to) => {
  let sum = 0;
  for (let i = 0; i < pixelBytes; i++) {
    sum += put(to, i, (row[i] as number) - (above[i] as number));
  }
  for (let i = pixelBytes; i < row.length; i++) {
    const a = row[i - pixelBytes] as number;
    const b = above[i] as number;
    const c = above[i - pixelBytes] as number;
    const fromA = Math.abs(b - c);
    const fromB = Math.abs(a - c);
    const fromC = Math.abs(a + b - c - c);
    const nearest = fromA <= fromB && fromA <= fromC ? a : fromB <= fromC ? b : c;
    sum += put(to, i, (row[i] as number) - nearest);
  }
  return sum;
};

/** In the order of their numbers. */
const filters: readonly Filter[] = [none, left, up, average, paeth];

/** Stores a difference modulo 256; its size as a signed byte. */
function put(to: Uint8Array, at: number, difference: number): number {
  to[at] = difference;
  const byte = difference & 0xff;
  return byte < 128 ? byte : 256 - byte;
}
