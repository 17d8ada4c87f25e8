import { describe, expect, test } from "vitest";
import { isDeblurError } from "../../../src/errors.ts";
import { assertFormatHolds, type OutputImage } from "../../../src/io/sinks/assert-format-holds.ts";

const small = { width: 30, height: 20, channels: 3, bits: 8 } as const;

function refusal(image: OutputImage): string | undefined {
  try {
    assertFormatHolds(image);
    return undefined;
  } catch (error) {
    if (isDeblurError(error, "OptionError")) return error.message;
    throw error;
  }
}

describe("what a format cannot hold is refused with those that can", () => {
  test.each<[OutputImage, string]>([
    [
      { ...small, format: "jpeg", bits: 16 },
      "Expected 8 bits for a JPEG but received 16: choose PNG, AVIF or TIFF",
    ],
    [
      { ...small, format: "webp", bits: 16 },
      "Expected 8 bits for a WebP but received 16: choose PNG, AVIF or TIFF",
    ],
    [
      { ...small, format: "jpeg", channels: 4 },
      "Expected no transparency for a JPEG but the picture has it: choose PNG, WebP, AVIF or TIFF",
    ],
    [
      { ...small, format: "jpeg", channels: 2, height: 20000 },
      "Expected no transparency for a JPEG but the picture has it: choose PNG or TIFF",
    ],
    [
      { ...small, format: "webp", width: 16384 },
      "Expected at most 16383 pixels a side for a WebP but the picture has 16384×20: choose PNG, JPEG, AVIF or TIFF",
    ],
    [
      { ...small, format: "avif", height: 16385 },
      "Expected at most 16384 pixels a side for an AVIF but the picture has 30×16385: choose PNG, JPEG or TIFF",
    ],
    [
      { ...small, format: "jpeg", height: 65501 },
      "Expected at most 65500 pixels a side for a JPEG but the picture has 30×65501: choose PNG or TIFF",
    ],
    [
      { ...small, format: "png", height: 100_000_001 },
      "Expected at most 100000000 pixels a side for a PNG but the picture has 30×100000001: choose TIFF",
    ],
  ])("%j", (image, message) => {
    expect(refusal(image)).toBe(message);
  });

  test.each<OutputImage>([
    { ...small, format: "png", bits: 16, channels: 4, width: 100_000 },
    { ...small, format: "png", height: 100_000_000 },
    { ...small, format: "tiff", bits: 16, channels: 2, height: 100_000 },
    { ...small, format: "webp", channels: 4, width: 16383 },
    { ...small, format: "avif", bits: 16, channels: 4, width: 16384 },
    { ...small, format: "jpeg", channels: 1, width: 65500 },
  ])("%j is held", (image) => {
    expect(refusal(image)).toBeUndefined();
  });
});
