// Shows the curves and samples of a training run, and reloads every ten seconds where the run serves the page.

const training = JSON.parse(document.getElementById("data").textContent);
const { records, samples } = training;
const last = records.at(-1);
document.getElementById("title").textContent = training.title;
document.getElementById("subtitle").textContent = last
  ? `${last.iteration} of ${last.iterations ?? "?"} steps · loss ${plain(last.loss)} · learning rate ${plain(last.lr)} · ${shown(last.seconds / 60, 1)} minutes computing · written ${new Date(training.written).toLocaleString()}`
  : "No step is logged yet.";

/** A line for each of some metrics over iterations; nothing where no record has one. */
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

drawCurves("loss", "Loss", [{ label: "mean since the previous line", of: ({ loss }) => loss }]);
drawCurves("psnr", "Validation: PSNR, dB", [
  { label: "restored", of: ({ validation }) => validation?.psnr },
  { label: "blurry", of: ({ validation }) => validation?.blurryPsnr },
]);
drawCurves("reblur", "Validation: re-blur PSNR, dB", [
  { label: "re-blurred", of: ({ validation }) => validation?.reblurPsnr },
]);
drawCurves("rate", "Learning rate", [{ label: "rate", of: ({ lr }) => lr }]);

const { pairs, sheets, best } = samples;
const at = (id) => document.getElementById(id);
at("samples-section").hidden = sheets.length === 0;

/** "step 2000, best: 25.81 dB, re-blurred 27.56 dB" */
function wordsOf({ iteration, found }, i) {
  const marks = [
    ...(i === 0 ? ["first"] : []),
    ...(iteration === best ? ["best"] : []),
    ...(i === sheets.length - 1 ? ["last"] : []),
  ];
  const figures = [
    ...(Number.isFinite(found.psnr) ? [`${shown(found.psnr, 2)} dB`] : []),
    ...(Number.isFinite(found.reblurPsnr) ? [`re-blurred ${shown(found.reblurPsnr, 2)} dB`] : []),
  ];
  return { step: `step ${iteration}`, marks: marks.join(", "), figures: figures.join(", ") };
}

/** The pairs as the net saw them at a measurement. */
function putSheet(i) {
  const sheet = sheets[i];
  const { step, marks, figures } = wordsOf(sheet, i);
  at("sheet").value = `${i}`;
  at("sheet").setAttribute("aria-valuetext", step);
  at("sheet-words").textContent = `${step}${marks && ` (${marks})`}: ${figures}`;
  at("sheet-before").disabled = i === 0;
  at("sheet-after").disabled = i === sheets.length - 1;
  const strip = at("strip");
  for (const [place, button] of [...strip.children].entries())
    button.setAttribute("aria-pressed", `${place === i}`);
  // Scrolls the strip, never the page.
  const { offsetLeft, offsetWidth } = strip.children[i];
  strip.scrollLeft = offsetLeft + offsetWidth / 2 - strip.offsetLeft - strip.clientWidth / 2;
  const rows = sheet.samples.map((sample, pair) => ({ ...pairs[pair], ...sample }));
  const kinds = ["blurry", "restored", "sharp", "kernels"].filter((kind) =>
    rows.some((row) => row[kind]),
  );
  const picture = (row, kind) =>
    row[kind] ? element("img", "", { src: row[kind], alt: kind, class: "sample" }) : "–";
  const head = kinds.map((kind) => element("th", kind, { scope: "col" }));
  const body = rows.map((row) =>
    element(
      "tr",
      kinds.map((kind) => element("td", picture(row, kind))),
    ),
  );
  at("samples").replaceChildren(element("thead", element("tr", head)), element("tbody", body));
}

/** Shows a measurement, also after the page is reloaded; the last one stays the last. */
function pickSheet(i) {
  putSheet(i);
  history.replaceState(null, "", i === sheets.length - 1 ? "#" : `#step-${sheets[i].iteration}`);
}

if (sheets.length > 0) {
  // The result of each measurement for the first pair.
  at("strip").replaceChildren(
    ...sheets.map((sheet, i) => {
      const { step, marks, figures } = wordsOf(sheet, i);
      const [{ restored, kernels }] = sheet.samples;
      const thumbs = [restored, kernels]
        .filter(Boolean)
        .map((src) => element("img", "", { src, alt: "" }));
      const words = [element("span", step), element("small", marks || figures.split(",")[0])];
      const button = element("button", [...thumbs, ...words], { type: "button" });
      button.addEventListener("click", () => pickSheet(i));
      return button;
    }),
  );
  at("sheet").max = `${sheets.length - 1}`;
  at("sheet").addEventListener("input", () => pickSheet(Number(at("sheet").value)));
  at("sheet-before").addEventListener("click", () => pickSheet(Number(at("sheet").value) - 1));
  at("sheet-after").addEventListener("click", () => pickSheet(Number(at("sheet").value) + 1));
  const asked = sheets.findIndex(({ iteration }) => location.hash === `#step-${iteration}`);
  putSheet(asked < 0 ? sheets.length - 1 : asked);
}
describe(document.getElementById("settings"), training.settings);
if (location.protocol.startsWith("http")) setTimeout(() => location.reload(), 10_000);
