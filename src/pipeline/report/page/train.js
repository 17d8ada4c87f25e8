// The curves and samples of a training run; anew every ten seconds where the run serves the page.

const training = JSON.parse(document.getElementById("data").textContent);
const { records, samples } = training;
const last = records.at(-1);
document.getElementById("title").textContent = training.title;
document.getElementById("subtitle").textContent = last
  ? `${last.iteration} of ${last.iterations ?? "?"} steps · loss ${plain(last.loss)} · learning rate ${plain(last.lr)} · ${shown(last.seconds / 60, 1)} minutes computing · written ${new Date(training.written).toLocaleString()}`
  : "No step is logged yet.";

/** A line for each of some figures over iterations; nothing where no record has one. */
function drawCurves(id, title, lines) {
  const figure = document.getElementById(id);
  const some = records.filter((record) => lines.some(({ of }) => Number.isFinite(of(record))));
  figure.hidden = some.length === 0;
  if (figure.hidden) return;
  const colours = ["accent", "bad"];
  drawChart(figure, title, (axis, size) => ({
    ...size,
    data: [
      some.map(({ iteration }) => iteration),
      ...lines.map(({ of }) => some.map((record) => of(record) ?? null)),
    ],
    scales: { x: { time: false } },
    axes: [axis, { ...axis, size: 64, values: (_, ticks) => ticks.map(plain) }],
    series: [
      { label: "step" },
      ...lines.map(({ label }, i) => ({
        label,
        stroke: colourOf(colours[i]),
        width: 1.5,
        spanGaps: true,
        points: { show: some.length < 30 },
        value: (_, y) => plain(y),
      })),
    ],
  }));
}

drawCurves("loss", "Loss", [{ label: "mean since the line before", of: ({ loss }) => loss }]);
drawCurves("psnr", "Validation: PSNR, dB", [
  { label: "restored", of: ({ validation }) => validation?.psnr },
  { label: "blurry", of: ({ validation }) => validation?.blurryPsnr },
]);
drawCurves("reblur", "Validation: re-blur PSNR, dB", [
  { label: "re-blurred", of: ({ validation }) => validation?.reblurPsnr },
]);
drawCurves("rate", "Learning rate", [{ label: "rate", of: ({ lr }) => lr }]);

document.getElementById("samples-section").hidden = samples.length === 0;
const kinds = ["blurry", "restored", "sharp", "kernels"].filter((kind) =>
  samples.some((sample) => sample[kind]),
);
document.getElementById("samples").replaceChildren(
  element(
    "thead",
    element(
      "tr",
      kinds.map((kind) => element("th", kind, { scope: "col" })),
    ),
  ),
  element(
    "tbody",
    samples.map((sample) =>
      element(
        "tr",
        kinds.map((kind) =>
          element(
            "td",
            sample[kind]
              ? element("img", "", { src: sample[kind], alt: kind, class: "sample" })
              : "–",
          ),
        ),
      ),
    ),
  ),
);
describe(document.getElementById("settings"), training.settings);
if (location.protocol.startsWith("http")) setTimeout(() => location.reload(), 10_000);
