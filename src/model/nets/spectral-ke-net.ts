/**
 * Builds the spectral KE-Net, our extension: code and uncertainty of a kernel for each 16×16 pixels, from local
 * spectra of the image's gradients. Blur multiplies a spectrum by that of the kernel, so directions and lengths of
 * strokes are read from it directly; the published KE-Net's convs learn them slowly.
 *
 * Features of a window, for the gradients along x and y apart: its power spectrum as an autocorrelation and as a
 * cepstrum (the correlation of the spectrum's logarithm), of the window alone and averaged with its neighbours; and
 * the odd part of the correlation between the gradient's absolute value and its square, which tells the two ends of
 * a stroke apart. A small net of 1×1 and depthwise convs follows.
 */
import { kernelSourceOf, type NetConfig } from "../config.ts";
import {
  add,
  affine,
  concat,
  conv,
  difference,
  divide,
  gelu,
  lagsOf,
  log,
  meanChannels,
  multiply,
  neighbourMean,
  pick,
  relu,
  sigmoid,
  sqrt,
  subtract,
  windowedDft,
} from "../graph/build.ts";
import { frequencies, shifts, windowSide } from "../graph/dft.ts";
import type { Band, Value } from "../graph/graph.ts";

const root = "kernel_extra.Spectral";

/** Power of the rounding noise of 8-bit images and more; keeps logarithms and quotients of flat windows tame. */
const floor = 1e-5;
const blocks = 2;

/**
 * @param image [3, h, w], 0..1, sides multiples of 16
 * @returns code [k², h/16, w/16], any numbers (it is standardised before decoding), and σ [1, h/16, w/16] in (0, 1)
 */
export function spectralKeNet(image: Value, config: NetConfig): { code: Value; sigma: Value } {
  const { keBase, kernelSize } = config;
  let x = gelu(conv(spectralFeatures(image), `${root}.head`, keBase, { side: 1 }));
  for (let i = 0; i < blocks; i++) x = block(x, `${root}.blocks.${i}`);
  const code = conv(x, `${root}.mean`, kernelSize ** 2, { side: 1 });
  const uncertain = kernelSourceOf(config) === "uncertain-flow";
  const sigma = uncertain
    ? sigmoid(conv(x, `${root}.var`, 1, { side: 1 }))
    : affine(meanChannels(code), 0, 0);
  return { code, sigma };
}

/** x + 1×1(gelu(1×1(depthwise 3×3(x)))) */
function block(x: Value, name: string): Value {
  const near = conv(x, `${name}.depthwise`, x.channels, { depthwise: true });
  const wide = gelu(conv(near, `${name}.expand`, 2 * x.channels, { side: 1 }));
  return add(x, conv(wide, `${name}.reduce`, x.channels, { side: 1 }));
}

/** [3, h, w] → [6008, h/16, w/16] */
export function spectralFeatures(image: Value): Value {
  const grey = meanChannels(image);
  const [first, ...others] = (["x", "y"] as const).flatMap((axis) => {
    const gradient = difference(grey, axis);
    const own = powerOf(gradient, "full");
    return [...ofPower(own), ...ofPower(neighbourMean(own)), endsOf(gradient)];
  });
  return concat(first as Value, ...others);
}

function powerOf(x: Value, band: Band): Value {
  const [re, im] = [windowedDft(x, band, "re"), windowedDft(x, band, "im")];
  return add(multiply(re, re), multiply(im, im));
}

/** Autocorrelation as a share of the variance, cepstrum, and the variance's logarithm. */
function ofPower(power: Value): Value[] {
  const correlation = lagsOf(power, "full", "even");
  const { rows, columns } = shifts("even");
  const variance = affine(
    pick(correlation, [rows.indexOf(0) * columns.length + columns.indexOf(0)]),
    1,
    floor,
  );
  const cepstrum = lagsOf(log(affine(power, 1, floor)), "full", "even");
  return [divide(correlation, variance), cepstrum, log(variance)];
}

/** The odd part of the correlation of |g| and g², averaged over neighbours, as a share of their energies. */
function endsOf(gradient: Value): Value {
  const size = add(relu(gradient), relu(affine(gradient, -1, 0)));
  const [a, b] = [size, multiply(gradient, gradient)].map((x) => ({
    re: windowedDft(x, "low", "re"),
    im: windowedDft(x, "low", "im"),
  })) as [Spectrum, Spectrum];
  const cross = subtract(multiply(a.im, b.re), multiply(a.re, b.im));
  const energies = neighbourMean(multiply(energyOf(a), energyOf(b)));
  const share = affine(sqrt(energies), 1 / windowSide ** 2, 1e-12);
  return divide(lagsOf(neighbourMean(cross), "low", "odd"), share);
}

interface Spectrum {
  readonly re: Value;
  readonly im: Value;
}

/** The sum of the power over all frequencies of the band, including the half that is left out. */
function energyOf({ re, im }: Spectrum): Value {
  const power = add(multiply(re, re), multiply(im, im));
  const { rows, columns } = frequencies("low");
  const zero = rows.indexOf(0) * columns.length;
  const once = pick(
    power,
    columns.map((_, i) => zero + i),
  );
  const sum = (x: Value, weight: number) => affine(meanChannels(x), weight * x.channels, 0);
  return subtract(sum(power, 2), sum(once, 1));
}
