// Draws charts by uPlot in the colours of the page, and again when its width or its colours change.

/** Bars over equal steps: {title, label, from, step, counts, unit}. */
function drawBars(figure, { title, label, from, step, counts, unit }) {
  const middles = counts.map((_, i) => from + (i + 0.5) * step);
  drawChart(figure, title, (axis, size) => ({
    ...size,
    data: [middles, counts],
    cursor: { y: false, points: { show: false } },
    scales: {
      x: { time: false, range: [from, from + step * counts.length] },
      y: { range: (_, __, most) => [0, Math.max(1, most * 1.05)] },
    },
    axes: [
      { ...axis, label, labelSize: 24, size: 34, ticks: { show: false }, grid: { show: false } },
      { ...axis, size: 48, ticks: { show: false } },
    ],
    series: [
      {
        label,
        value: (_, x) =>
          x === null ? "–" : `${plain(x - step / 2)} to ${plain(x + step / 2)}${unit}`,
      },
      {
        label: "places",
        value: (_, places) => (places === null ? "–" : `${places}`),
        stroke: colourOf("accent"),
        fill: `color-mix(in srgb, ${colourOf("accent")} 55%, transparent)`,
        paths: uPlot.paths.bars({ size: [0.9, 100] }),
        points: { show: false },
      },
    ],
  }));
}

/** Puts a chart into `figure`, under `title`. Calls `plan` with the settings that all axes share, and a size. */
function drawChart(figure, title, plan) {
  const place = element("div");
  figure.replaceChildren(element("figcaption", title), place);
  let chart;
  const draw = () => {
    chart?.destroy();
    const axis = {
      stroke: colourOf("faint"),
      grid: { stroke: colourOf("line"), width: 1 },
      font: "12px system-ui",
      labelFont: "12px system-ui",
    };
    const { data, ...options } = plan(axis, {
      width: Math.max(240, figure.clientWidth),
      height: 240,
    });
    chart = new uPlot(options, data, place);
  };
  draw();
  let width = figure.clientWidth;
  new ResizeObserver(() => {
    if (figure.clientWidth === width) return;
    width = figure.clientWidth;
    draw();
  }).observe(figure);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}
