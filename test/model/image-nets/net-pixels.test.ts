/** Tests the way of pixels into a net's layout and range and back. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ImageNetForm } from "../../../src/model/image-nets/image-net.ts";
import { fromNet, netSides, toNet } from "../../../src/model/image-nets/net-pixels.ts";

const form = fc.record({
  layout: fc.constantFrom("NCHW" as const, "NHWC" as const),
  range: fc.constantFrom("0..1" as const, "0..255" as const, "-1..1" as const),
  multiple: fc.constantFrom(1, 3, 8),
  fixed: fc.constant(undefined),
});

describe("pixels", () => {
  test("come back from every layout, range and padding", () => {
    const image = fc
      .record({ height: fc.integer({ min: 1, max: 9 }), width: fc.integer({ min: 1, max: 9 }) })
      .chain(({ height, width }) =>
        fc.record({
          ...{ height: fc.constant(height), width: fc.constant(width) },
          pixels: fc.array(fc.float({ min: 0, max: 1, noNaN: true }), {
            ...{ minLength: 3 * height * width, maxLength: 3 * height * width },
          }),
        }),
      );
    fc.assert(
      fc.property(image, form, ({ height, width, pixels }, net) => {
        const back = fromNet(
          toNet(Float32Array.from(pixels), [height, width], net),
          [height, width],
          net,
        );
        expect(back.length).toBe(pixels.length);
        for (const [i, value] of pixels.entries()) expect(back[i]).toBeCloseTo(value, 5);
      }),
    );
  });

  const pixels = Float32Array.from({ length: 12 }, (_, i) => i / 20);
  test("are planar in NCHW and interleaved in NHWC", () => {
    const net = { range: "0..255", multiple: 1, fixed: undefined } as const;
    const planar = toNet(pixels, [2, 2], { ...net, layout: "NCHW" });
    expect([...planar].map((value) => Math.round(value))).toEqual(
      Array.from({ length: 12 }, (_, i) => Math.round((i / 20) * 255)),
    );
    const interleaved = toNet(pixels, [2, 2], { ...net, layout: "NHWC" });
    expect([...interleaved.slice(0, 6)].map((value) => Math.round((value / 255) * 20))).toEqual([
      0, 4, 8, 1, 5, 9,
    ]);
  });

  test("are mirrored at the last row and column, again and again for fixed sides", () => {
    const net: ImageNetForm = { layout: "NCHW", range: "0..1", multiple: 1, fixed: [3, 7] };
    expect(netSides(net, 1, 3)).toEqual([3, 7]);
    const row = toNet(Float32Array.of(1, 2, 3, 0, 0, 0, 0, 0, 0), [1, 3], net).slice(0, 21);
    expect([...row]).toEqual([1, 2, 3, 2, 1, 2, 3, 1, 2, 3, 2, 1, 2, 3, 1, 2, 3, 2, 1, 2, 3]);
  });
});
