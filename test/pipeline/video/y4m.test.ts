import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InputError } from "../../../src/errors.ts";
import { readBytes } from "../../../src/io/system/byte-reader.ts";
import type { Frame } from "../../../src/pipeline/frames/frame.ts";
import { frameBytes, y4mForm } from "../../../src/pipeline/frames/pixel-form.ts";
import {
  readY4mFrames,
  readY4mHeader,
  y4mFrameBytes,
  y4mHeaderBytes,
} from "../../../src/pipeline/video/y4m.ts";
import { colourOf, parseY4mHeader } from "../../../src/pipeline/video/y4m-header.ts";
import { noiseFrame, y4mNames } from "../frames/frames.ts";

const limits = { name: "standard input", maxPixels: 1e6 };

/** `bytes` in chunks of `size`. */
async function* chunked(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function readAll(bytes: Buffer, size = 7) {
  const reader = readBytes(chunked(bytes, size));
  const header = await readY4mHeader(reader, limits);
  const frames: Frame[] = [];
  let error: unknown;
  try {
    for await (const frame of readY4mFrames(reader, header, limits)) frames.push(frame);
  } catch (cause) {
    error = cause;
  }
  return { header, frames, error };
}

function stream(line: string, frames: readonly Buffer[], parameters = ""): Buffer {
  return Buffer.concat([
    Buffer.from(`${line}\n`),
    ...frames.flatMap((data) => [Buffer.from(`FRAME${parameters}\n`), data]),
  ]);
}

describe("a YUV4MPEG2 stream", () => {
  test("of every form and any size is reproduced byte for byte, in any chunks", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          name: fc.constantFrom(...y4mNames),
          width: fc.integer({ min: 1, max: 7 }),
          height: fc.integer({ min: 1, max: 7 }),
          count: fc.integer({ min: 0, max: 3 }),
          size: fc.integer({ min: 1, max: 100 }),
          parameters: fc.constantFrom("", " Ippp", " XFOO=\u00e9 "),
        }),
        async ({ name, width, height, count, size, parameters }) => {
          const line = `YUV4MPEG2 W${width} H${height} F30000:1001 Ip A1:1 C${name} Xsaid=1`;
          const data = Array.from(
            { length: count },
            (_, seed) => noiseFrame(name, { width, height }, seed).data,
          );
          const bytes = stream(
            line,
            data.map((one) => Buffer.from(one)),
            parameters,
          );
          const { header, frames, error } = await readAll(bytes, size);
          expect(error).toBeUndefined();
          expect(frames).toHaveLength(count);
          const again = Buffer.concat([y4mHeaderBytes(header), ...frames.flatMap(y4mFrameBytes)]);
          expect(again.equals(bytes)).toBe(true);
        },
      ),
    );
  });

  test.each([
    ["420jpeg", 5, 3, 5 * 3 + 2 * 3 * 2],
    ["420p10", 5, 3, 2 * (5 * 3 + 2 * 3 * 2)],
    ["422", 5, 3, 5 * 3 + 2 * 3 * 3],
    ["411", 5, 3, 5 * 3 + 2 * 2 * 3],
    ["444alpha", 5, 3, 4 * 5 * 3],
    ["mono16", 5, 3, 2 * 5 * 3],
  ])("has a frame of %s, %i×%i, with %i bytes", (name, width, height, bytes) => {
    const form = y4mForm(name);
    expect(form && frameBytes(form, { width, height })).toBe(bytes);
  });

  test.each(["", "421", "420p11", "mono8x", "p10", "constructor", "4p8", "422p", "420p8"])(
    "has no form %j",
    (name) => expect(y4mForm(name)).toBeUndefined(),
  );

  test("has its properties in the header; XYSCSS replaces a missing C, 4:2:0 both", () => {
    const parse = (line: string) => parseY4mHeader(`YUV4MPEG2 W6 H4 ${line}`, limits);
    expect(parse("F30000:1001 Ip C420p10 XYSCSS=420P10 XCOLORRANGE=FULL")).toMatchObject({
      width: 6,
      height: 4,
      rate: { frames: 30000, seconds: 1001 },
      progressive: true,
      levels: "full",
      form: { name: "420p10", bits: 10 },
    });
    expect(parse("XYSCSS=422")).toMatchObject({ form: { name: "422" }, rate: undefined });
    expect(parse("F0:0 It")).toMatchObject({
      form: { name: "420" },
      rate: undefined,
      progressive: false,
    });
  });

  test("takes the matrix from the height and the levels from the header, unless the caller chooses", () => {
    const form = y4mForm("420");
    const grey = y4mForm("mono");
    if (!form || !grey) throw new Error("these forms exist");
    const header = { form, height: 719, levels: undefined };
    expect(colourOf(header, {})).toEqual({ matrix: "601", levels: "limited" });
    expect(colourOf({ ...header, height: 720, levels: "full" }, {})).toEqual({
      matrix: "709",
      levels: "full",
    });
    expect(colourOf({ ...header, form: grey }, {}).levels).toBe("full");
    const choice = { matrix: "2020", levels: "limited" } as const;
    expect(colourOf({ ...header, levels: "full" }, choice)).toEqual(choice);
  });

  test.each([
    ["", "nothing"],
    ["YUV4MPEG2 W4 H4", "15 bytes without an end of line"],
    ["x".repeat(5000), "4096 bytes without an end of line"],
    ["YUV4MPEG W4 H4\n", "beginning with YUV4MPEG2"],
    ["YUV4MPEG2 H4\n", "after W in the first line but found none"],
    ["YUV4MPEG2 W0 H4\n", 'found "0"'],
    ["YUV4MPEG2 W-4 H4\n", 'found "-4"'],
    ["YUV4MPEG2 W4 H1e9\n", 'after H in the first line but found "1e9"'],
    ["YUV4MPEG2 W99999 H99999\n", "at most 1000000 pixels but found 99999×99999"],
    ["YUV4MPEG2 W4 H4 C420p11\n", 'found C"420p11"'],
  ])("is refused with the header %j", async (text, problem) => {
    const refusal = readAll(Buffer.from(text));
    await expect(refusal).rejects.toBeInstanceOf(InputError);
    await expect(refusal).rejects.toThrow(problem);
  });

  test.each([
    [-1, "Expected 24 bytes of frame 2 but found 23 and then the end"],
    [-24, "Expected 24 bytes of frame 2 but found 0 and then the end"],
    [-25, "Expected the line FRAME of frame 2 but found no end of line"],
  ])(
    "yields the frames before its end and reports where it ends, cut by %i bytes",
    async (cut, problem) => {
      const data = Buffer.alloc(24);
      const bytes = stream("YUV4MPEG2 W4 H4 C420", [data, data]);
      const { frames, error } = await readAll(bytes.subarray(0, cut), 1000);
      expect(frames).toHaveLength(1);
      expect(error).toBeInstanceOf(InputError);
      expect(error).toMatchObject({ message: `standard input: ${problem}` });
    },
  );

  test("with a wrong size in its header is refused where the next frame should begin", async () => {
    const bytes = stream("YUV4MPEG2 W4 H3 C420", [Buffer.alloc(24), Buffer.alloc(24)]);
    const { frames, error } = await readAll(bytes);
    expect(frames).toHaveLength(1);
    expect(error).toMatchObject({ message: expect.stringContaining("the line FRAME of frame 2") });
  });

  test("allocates only the bytes that exist, even if its header promises more", async () => {
    const header = "YUV4MPEG2 W30000 H30000 C444p16\nFRAME\nabc";
    const reader = readBytes(chunked(Buffer.from(header), 1000));
    const parsed = await readY4mHeader(reader, { ...limits, maxPixels: 1e9 });
    const before = process.memoryUsage().arrayBuffers;
    await expect(readY4mFrames(reader, parsed, limits).next()).rejects.toThrow(
      "found 3 and then the end",
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e8);
  });

  test("is closed when its reader stops", async () => {
    let closed = 0;
    async function* source() {
      try {
        yield stream("YUV4MPEG2 W2 H2 Cmono", [Buffer.alloc(4), Buffer.alloc(4), Buffer.alloc(4)]);
      } finally {
        closed++;
      }
    }
    const reader = readBytes(source());
    const header = await readY4mHeader(reader, limits);
    for await (const _ of readY4mFrames(reader, header, limits)) break;
    expect(closed).toBe(1);
  });
});
