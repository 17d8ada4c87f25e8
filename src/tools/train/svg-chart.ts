/** Records of a training run in, a picture of it out: the loss, and what measurements found, over iterations. */
import { plain } from "../../text/words.ts";
import type { TrainRecord } from "./train-log.ts";

const width = 800;
const height = 240;
const margin = { left: 64, right: 16, top: 28, bottom: 28 };
/** More would be closer together than pixels. */
const mostPoints = 400;

type Point = readonly [x: number, y: number];

/** An SVG that needs nothing else. */
export function trainChart(title: string, records: readonly TrainRecord[]): string {
  const measured = records.filter(({ validation }) => validation !== undefined);
  const curve = (of: readonly TrainRecord[], value: (record: TrainRecord) => number | undefined) =>
    of.flatMap((record): Point[] => {
      const y = value(record);
      return y === undefined || !Number.isFinite(y) ? [] : [[record.iteration, y]];
    });
  const panels = [
    panel(
      `${title}: loss`,
      curve(records, ({ loss }) => loss),
    ),
    panel(
      "validation: PSNR, dB",
      curve(measured, ({ validation }) => validation?.psnr),
    ),
    panel(
      "validation: PSNR of re-blurred, dB",
      curve(measured, ({ validation }) => validation?.reblurPsnr),
    ),
  ].filter((one) => one !== "");
  const placed = panels.map((one, i) => `<g transform="translate(0 ${i * height})">${one}</g>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${Math.max(1, panels.length) * height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
${placed.join("\n")}
</svg>
`;
}

/** One curve with its axes; nothing for no points. */
function panel(title: string, points: readonly Point[]): string {
  if (points.length === 0) return "";
  const shown = thinned(points);
  const [left, right] = rangeOf(shown.map(([x]) => x));
  const [low, high] = rangeOf(shown.map(([, y]) => y));
  const place = ([x, y]: Point): string => {
    const across = (x - left) / (right - left);
    const up = (y - low) / (high - low);
    const px = margin.left + across * (width - margin.left - margin.right);
    const py = height - margin.bottom - up * (height - margin.top - margin.bottom);
    return `${px.toFixed(1)},${py.toFixed(1)}`;
  };
  const [bottom, top] = [height - margin.bottom, margin.top];
  return `<text x="${margin.left}" y="16">${title}</text>
<path d="M${margin.left} ${top}V${bottom}H${width - margin.right}" fill="none" stroke="#999"/>
<text x="${margin.left - 6}" y="${top + 10}" text-anchor="end">${signed(high)}</text>
<text x="${margin.left - 6}" y="${bottom}" text-anchor="end">${signed(low)}</text>
<text x="${margin.left}" y="${height - 10}">${left}</text>
<text x="${width - margin.right}" y="${height - 10}" text-anchor="end">${right}</text>
<polyline points="${shown.map(place).join(" ")}" fill="none" stroke="#06c" stroke-width="1.5"/>`;
}

/** Means of neighbours, the last one as it is. */
function thinned(points: readonly Point[]): readonly Point[] {
  if (points.length <= mostPoints) return points;
  const group = Math.ceil(points.length / mostPoints);
  return Array.from({ length: Math.ceil(points.length / group) }, (_, i): Point => {
    const part = points.slice(i * group, (i + 1) * group);
    const mean = part.reduce((sum, [, y]) => sum + y, 0) / part.length;
    return [(part.at(-1) as Point)[0], mean];
  });
}

/** Smallest and largest, never equal. */
function rangeOf(values: readonly number[]): [number, number] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

function signed(value: number): string {
  return value < 0 ? `−${plain(-value)}` : plain(value);
}
