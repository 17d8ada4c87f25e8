/** Tests how the form of a net made elsewhere is found, with nets that are functions. */
import { describe, expect, test } from "vitest";
import { sidesIn } from "../../../src/model/image-nets/declared-form.ts";
import { findForm } from "../../../src/model/image-nets/find-form.ts";
import type {
  DeclaredForm,
  ImageNetRunner,
  PixelLayout,
  PixelRange,
} from "../../../src/model/image-nets/image-net.ts";

const open: DeclaredForm = {
  ...{ layout: undefined, fixed: undefined, range: undefined, multiple: undefined, scalars: [] },
};

/** A net that clamps to its range and adds a little, takes one layout, and sides that are multiples. */
function fakeNet({
  range = "0..1" as PixelRange,
  layout = "NCHW" as PixelLayout,
  multiple = 8,
  change = (value: number): number => value,
}): ImageNetRunner & { readonly sizes: string[] } {
  const [low, high] = { "0..1": [0, 1], "0..255": [0, 255], "-1..1": [-1, 1] }[range] as [
    number,
    number,
  ];
  const sizes: string[] = [];
  return {
    sizes,
    async run(pixels, { layout: given, height, width }) {
      sizes.push(`${width}×${height}`);
      if (given !== layout) throw new Error("3 channels expected");
      if (height % multiple !== 0 || width % multiple !== 0) throw new Error("cannot be reshaped");
      // Weights that were trained in the range map everything outside it to something else.
      const unit = pixels.map((value) => (value - low) / (high - low));
      const [least, most] = [
        unit.reduce((a, b) => Math.min(a, b)),
        unit.reduce((a, b) => Math.max(a, b)),
      ];
      const isMeant = most - least > 0.3 && most < 2 && least > -0.2;
      const values = pixels.map((value) =>
        isMeant ? change(value) : low + (high - low) * (0.5 + 10 * Math.sin(value)),
      );
      return { values, outputs: [] };
    },
    dispose: async () => {},
  };
}

describe("a net's form", () => {
  test.each<[PixelRange, PixelLayout, number]>([
    ["0..1", "NCHW", 8],
    ["0..1", "NHWC", 64],
    ["0..255", "NHWC", 16],
    ["0..255", "NCHW", 32],
    ["0..1", "NCHW", 128],
    ["0..255", "NHWC", 256],
    ["0..1", "NCHW", 12],
    ["0..1", "NCHW", 24],
    ["0..1", "NCHW", 48],
  ])(
    "of range %s, layout %s and multiples of %i is found by trials",
    async (range, layout, multiple) => {
      const found = await findForm(fakeNet({ range, layout, multiple }), open);
      expect(found).toEqual({ range, layout, multiple, fixed: undefined });
    },
  );

  test("in bytes is suggested by a factor of 255, where both ranges are possible", async () => {
    const net = fakeNet({});
    net.run = async (pixels) => ({ values: pixels.map((value) => 1.05 * value), outputs: [] });
    for (const scalar of [255, 1 / 255]) {
      expect((await findForm(net, { ...open, scalars: [0.1, scalar] })).range).toBe("0..255");
    }
    expect((await findForm(net, { ...open, scalars: [0.1, 2] })).range).toBe("0..1");
  });

  test("that the file declares is not tried", async () => {
    const net = fakeNet({ range: "0..255", layout: "NHWC", multiple: 12 });
    const declared = { ...open, layout: "NHWC", range: "0..255", multiple: 12 } as const;
    const { scalars: _, ...form } = declared;
    expect(await findForm(net, declared)).toEqual(form);
    expect(new Set(net.sizes)).toEqual(new Set(["84×84"]));
  });

  test("of a net with fixed sides has these", async () => {
    const net = fakeNet({ multiple: 10 });
    const found = await findForm(net, { ...open, layout: "NCHW", fixed: [90, 50] });
    expect(found).toEqual({ range: "0..1", layout: "NCHW", multiple: 1, fixed: [90, 50] });
    expect(new Set(net.sizes)).toEqual(new Set(["50×90"]));
  });

  test("of a net without biases, which takes any range, is 0..1", async () => {
    const net = fakeNet({});
    net.run = async (pixels) => ({ values: pixels.map((value) => 1.05 * value), outputs: [] });
    expect((await findForm(net, open)).range).toBe("0..1");
  });
});

test("a net with one open and one fixed side is refused", () => {
  for (const dims of [
    [1, 3, 256, undefined],
    [1, 3, undefined, 256],
    [1, 256, undefined, 3],
  ]) {
    expect(() => sidesIn(dims)).toThrow(
      /Expected sides that are both fixed or both open but found/,
    );
  }
  expect(sidesIn([1, 3, 256, 128])).toEqual({ layout: "NCHW", fixed: [256, 128] });
  expect(sidesIn([undefined, undefined, undefined, 3])).toEqual({
    layout: "NHWC",
    fixed: undefined,
  });
});

describe("a net is refused", () => {
  test.each<[string, (value: number) => number, RegExp]>([
    ["that returns NaN", () => Number.NaN, /Expected numbers from the net but it returned NaN/],
    ["that returns infinity", () => Number.POSITIVE_INFINITY, /NaN or infinity/],
    [
      "that returns its residual",
      () => 0,
      /returns the restored image but it changed a test image by/,
    ],
    ["that inverts the image", (value) => 1 - value, /give `netRange`/],
  ])("%s", async (_, change, message) => {
    const net = fakeNet({});
    net.run = async (pixels) => ({ values: pixels.map(change), outputs: [] });
    await expect(findForm(net, open)).rejects.toThrow(message);
  });

  test("that takes none of the multiples, with the runtime's first reason", async () => {
    await expect(findForm(fakeNet({ multiple: 1000 }), open)).rejects.toThrow(
      /^Expected a net that takes an image of sides that are multiples of 8, 12, 16, .*256, but: cannot be reshaped$/,
    );
  });

  test("that enlarges, with both shapes", async () => {
    const net = fakeNet({});
    net.run = async () => ({ values: undefined, outputs: ["[1, 3, 144, 144] float32"] });
    await expect(findForm(net, open)).rejects.toThrow(
      "Expected an output of the input's size, [1, 3, 88, 88] float32, but the net returned [1, 3, 144, 144] float32",
    );
  });

  test("not, if it changes much but the range is given", async () => {
    const net = fakeNet({});
    net.run = async (pixels) => ({ values: pixels.map((value) => 1 - value), outputs: [] });
    expect((await findForm(net, { ...open, range: "0..1" })).range).toBe("0..1");
  });
});
