import { expect, test } from "vitest";
import {
  defaultQualities,
  isImage,
  namesWithQuality,
  outputSuffixes,
} from "../../../src/io/formats/image-formats.ts";

test("the words of help about formats follow from the table", () => {
  expect(defaultQualities()).toBe("95, AVIF 85");
  expect(namesWithQuality).toEqual(["JPEG", "WebP", "AVIF"]);
  expect(outputSuffixes.join(" ")).toBe(".png .jpg .jpeg .webp .avif .tif .tiff");
});

test.each(["a.PNG", "a.jpeg", "a.gif", "a.heic", "a.HEIF", "b/a.tif"])("%s is an image", (name) => {
  expect(isImage(name)).toBe(true);
});

test.each(["png", "a.txt", "a.png.part", "a.svg"])("%s is no image", (name) => {
  expect(isImage(name)).toBe(false);
});
