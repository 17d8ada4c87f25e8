/** Numbers written with the dots of a 5×7 matrix: text in a picture without a font on the machine. */
import type { Figure } from "../../io/sinks/figure.ts";

/** Seven rows of five dots each, top to bottom; the bits of a row from left to right. */
const dots: Readonly<Record<string, readonly number[]>> = {
  "0": [0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110],
  "1": [0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
  "2": [0b01110, 0b10001, 0b00001, 0b00010, 0b00100, 0b01000, 0b11111],
  "3": [0b11111, 0b00010, 0b00100, 0b00010, 0b00001, 0b10001, 0b01110],
  "4": [0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010],
  "5": [0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110],
  "6": [0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110],
  "7": [0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000],
  "8": [0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110],
  "9": [0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100],
  e: [0b00000, 0b00000, 0b01110, 0b10001, 0b11111, 0b10000, 0b01110],
  "-": [0b00000, 0b00000, 0b00000, 0b11111, 0b00000, 0b00000, 0b00000],
  ".": [0b00000, 0b00000, 0b00000, 0b00000, 0b00000, 0b01100, 0b01100],
};

/** Dots from one digit to the next, and from a line's top to its end. */
export const digitWidth = 6;
export const digitHeight = 7;

/** Writes digits, points, minus and e at (x, y), the top left corner, dark; a dot is `size` pixels a side. */
export function writeNumber(
  { width, rgb }: Figure,
  text: string,
  { x, y, size }: { readonly x: number; readonly y: number; readonly size: number },
): void {
  for (const [place, letter] of [...text].entries()) {
    for (const [row, bits] of (dots[letter] ?? []).entries()) {
      for (let column = 0; column < 5; column++) {
        if ((bits & (0b10000 >> column)) === 0) continue;
        for (let line = 0; line < size; line++) {
          const left = x + (place * digitWidth + column) * size;
          const start = 3 * ((y + row * size + line) * width + left);
          rgb.fill(32, start, start + 3 * size);
        }
      }
    }
  }
}
