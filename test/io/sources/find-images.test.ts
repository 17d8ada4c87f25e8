/** Tests which operands stand for several images. */
import { expect, test } from "vitest";
import { areSeveral, findImages } from "../../../src/io/sources/find-images.ts";

test("a signed address is one image, whatever characters it has", async () => {
  const address = "https://example.org/x.tif?sig=a*b[1]{2}&se=2026";
  expect(await areSeveral([address])).toBe(false);
  expect(await areSeveral(["no-such-*.png"])).toBe(true);
});

test("a pattern that fits nothing is reported with its words", async () => {
  await expect(findImages(["no-such-*.png"], { except: "out" })).rejects.toThrow(
    /no-such-\*\.png: no (?:such )?file/,
  );
});
