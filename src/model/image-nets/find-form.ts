/**
 * Finds out how an image net takes its input, as far as its file leaves it open. Small trial images tell the layout and
 * the multiple of the sides. A factor of 255 in the net suggests the range, and a trial confirms it: a net that restores
 * returns an ordinary image almost unchanged.
 */
import { WeightsError } from "../../errors.ts";
import type {
  DeclaredForm,
  ImageNetForm,
  ImageNetRunner,
  PixelLayout,
  PixelRange,
} from "./image-net.ts";
import { fromNet, netSides, toNet } from "./net-pixels.ts";

/**
 * Multiples that nets ask for, with the side of the trial image in these units. A side is at least 64, as nets that pad by
 * reflection refuse tiny images, and no multiple of a later entry, which it would be taken for.
 */
const multiples = new Map([
  [8, 11],
  [12, 7],
  [16, 5],
  [24, 5],
  [32, 5],
  [48, 3],
  [64, 1],
  [128, 1],
  [256, 1],
]);
/** The least side of the trial image of a multiple that the file declares. */
const leastSide = 64;
/**
 * Largest share of the image that a restoration net changes on the trial image, root mean square. Nets for motion
 * blur stay below 0.1; a wrong range or a net that returns the residual gives 0.5 or more.
 */
const mostChange = 0.2;

/** @throws WeightsError if the net does not map an image to an image of its size in one of the ranges */
export async function findForm(net: ImageNetRunner, declared: DeclaredForm): Promise<ImageNetForm> {
  const { layout, multiple } = await findSides(net, declared);
  const { fixed } = declared;
  const ranges = declared.range ? [declared.range] : likelyRanges(declared);
  const changes: number[] = [];
  for (const range of ranges) {
    const form = { layout, range, multiple, fixed };
    const change = await changeOf(net, form);
    const isGiven = declared.range !== undefined && Number.isFinite(change);
    if (change <= mostChange || isGiven) return form;
    changes.push(change);
  }
  const least = Math.min(...changes.filter(Number.isFinite));
  if (!Number.isFinite(least)) {
    throw new WeightsError("Expected numbers from the net but it returned NaN or infinity");
  }
  throw new WeightsError(
    `Expected a net that returns the restored image but it changed a test image by ${Math.round(100 * least)} % ` +
      `of its range, in ${ranges.join(" and ")}: if it is for another range, give \`netRange\`; a net that returns the difference alone must add its input`,
  );
}

/**
 * The ranges to try, the likelier one first. A net for -1..1 also takes 0..1, as an image of little contrast, so that a
 * trial cannot tell: its range must be given.
 */
function likelyRanges({ scalars }: DeclaredForm): readonly PixelRange[] {
  const near = (value: number, to: number) => Math.abs(value / to - 1) < 1e-3;
  const inBytes = scalars.some((value) => near(value, 255) || near(value, 1 / 255));
  return inBytes ? ["0..255", "0..1"] : ["0..1", "0..255"];
}

/** The layout and the least multiple whose odd multiples the net takes. */
async function findSides(
  net: ImageNetRunner,
  declared: DeclaredForm,
): Promise<{ readonly layout: PixelLayout; readonly multiple: number }> {
  const { fixed, range = "0..1" } = declared;
  const layouts: readonly PixelLayout[] = declared.layout ? [declared.layout] : ["NCHW", "NHWC"];
  const candidates = fixed ? [1] : declared.multiple ? [declared.multiple] : [...multiples.keys()];
  let problem: unknown;
  for (const multiple of candidates) {
    for (const layout of layouts) {
      const form = { layout, range, multiple, fixed };
      const [height, width] = fixed ?? trialSides(multiple);
      try {
        const { values, outputs } = await net.run(
          toNet(trialImage(height, width), [height, width], form),
          {
            ...{ layout, height, width },
          },
        );
        if (values !== undefined) return { layout, multiple };
        problem ??= otherSize(outputs, layout, height, width);
      } catch (cause) {
        problem ??= cause;
      }
    }
  }
  if (problem instanceof WeightsError) throw problem;
  const words = problem instanceof Error ? problem.message : String(problem);
  const sides = fixed
    ? `${fixed[1]}×${fixed[0]}`
    : `sides that are multiples of ${candidates.join(", ")}`;
  throw new WeightsError(`Expected a net that takes an image of ${sides}, but: ${words}`, {
    cause: problem,
  });
}

function trialSides(multiple: number): readonly [number, number] {
  const side = multiple * (multiples.get(multiple) ?? Math.ceil(leastSide / multiple));
  return [side, side];
}

function otherSize(
  outputs: readonly string[],
  layout: PixelLayout,
  height: number,
  width: number,
): WeightsError {
  const wanted = layout === "NCHW" ? [1, 3, height, width] : [1, height, width, 3];
  const found = outputs.join(" and ") || "no tensor";
  return new WeightsError(
    `Expected an output of the input's size, [${wanted.join(", ")}] float32, but the net returned ${found}`,
  );
}

/** The root mean square of what the net changes on the trial image, as a share of the range. */
async function changeOf(net: ImageNetRunner, form: ImageNetForm): Promise<number> {
  const [height, width] = form.fixed ?? trialSides(form.multiple);
  const image = trialImage(height, width);
  const [netHeight, netWidth] = netSides(form, height, width);
  const { values } = await net.run(toNet(image, [height, width], form), {
    ...{ layout: form.layout, height: netHeight, width: netWidth },
  });
  if (values === undefined) return Number.NaN;
  const restored = fromNet(values, [height, width], form);
  let squares = 0;
  for (const [i, value] of restored.entries()) squares += (value - (image[i] as number)) ** 2;
  return Math.sqrt(squares / image.length);
}

/** [3, height, width], 0..1: a gradient with a soft disc and stripes, so varied that no constant is near to it. */
function trialImage(height: number, width: number): Float32Array<ArrayBuffer> {
  const pixels = new Float32Array(3 * height * width);
  let i = 0;
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [u, v] = [x / width, y / height];
        const disc = 1 / (1 + Math.exp(40 * (Math.hypot(u - 0.7, v - 0.5) - 0.25)));
        const stripes = Math.sin((x + 2 * y) / 3) * 0.04;
        pixels[i++] = 0.05 + 0.5 * u + 0.03 * v * channel + 0.3 * disc + stripes;
      }
    }
  }
  return pixels;
}
