// Shows the metrics, tiles and motions of an image below it, and the images of a set. The columns of
// `deblur eval` are in tools/evaluate/tables/table.ts; a metric added there is to be shown here, too.

/** Columns of the table of tiles: [key, head, digits, which end is worse, meaning]. */
const tileFigures = [
  ["residual", "change", 2, "high", "RMS of what was changed, levels of 255"],
  ["seconds", "s", 2, "high", "seconds since the tile before it was stored"],
  [
    "sigma",
    "σ",
    undefined,
    "high",
    "mean uncertainty of the kernels' codes, 0 certain, 1 not at all",
  ],
  ["length", "motion, px", 1, "high", "mean length of the kernels, pixels"],
  [
    "reblur",
    "re-blur, dB",
    2,
    "low",
    "blurry against sharp (or restored) picture blurred by the kernels",
  ],
  ["before", "before, dB", 2, "low", "PSNR of the blurry picture"],
  ["after", "after, dB", 2, "low", "PSNR of the restored picture"],
  ["gain", "gain, dB", 2, "low", "PSNR won"],
];

const gainOf = ({ before, after }) => (before === null || after === null ? null : after - before);

/** Metrics of the whole image: before and after against the sharp image, else the metrics without ground truth. */
function putFigures({ score }) {
  const { likeness, reblur, sharpness } = score;
  const rows = [];
  const both = (label, digits, of) => {
    const [before, after] = [of(likeness.before), of(likeness.after)];
    rows.push([
      label,
      shown(before, digits),
      shown(after, digits),
      shown(after - before, digits, true),
    ]);
  };
  if (likeness) {
    both("PSNR, dB", 2, ({ psnr }) => psnr ?? Number.POSITIVE_INFINITY);
    both("SSIM", 4, ({ ssim }) => ssim);
    both("3-D SSIM", 4, ({ ssim3d }) => ssim3d);
  }
  if (sharpness) {
    const { before, after } = sharpness;
    rows.push([
      "variance of the Laplacian",
      shown(before, 1),
      shown(after, 1),
      shown(after - before, 1, true),
    ]);
  }
  if (reblur)
    rows.push(
      ["re-blur PSNR, dB", "", shown(reblur.psnr, 2), ""],
      ["re-blur SSIM", "", shown(reblur.ssim, 4), ""],
    );
  const heads = ["", "before", "after", "gain"].map((head) =>
    element("th", head, { scope: "col" }),
  );
  const lines = rows.map(([label, ...cells]) =>
    element("tr", [
      element("th", label, { scope: "row" }),
      ...cells.map((cell) => element("td", cell)),
    ]),
  );
  at("figures").replaceChildren(element("thead", element("tr", heads)), element("tbody", lines));
  at("figures-note").textContent = likeness
    ? "Against the sharp picture. Re-blur: the blurry picture against the sharp one blurred by the estimated kernels."
    : "No sharp picture: the variance of the Laplacian grows with detail and with noise. Re-blur: the blurry picture against the restored one blurred by the estimated kernels; not comparable with values from sharp pictures.";
}

function putTiles({ tiles }) {
  const rows = tiles.map((tile) => ({ ...tile, gain: gainOf(tile) }));
  const figures = tileFigures.filter(([key]) => rows.some((row) => row[key] !== null));
  const key = figures.some(([name]) => name === "gain") ? "gain" : "residual";
  const columnOf = ([name, head, digits, worst, title]) => ({
    head,
    title,
    worst,
    of: (row) => row[name],
    show: (row) =>
      digits === undefined ? plain(row[name]) : shown(row[name], digits, name === "gain"),
  });
  // The sorted column comes first: a phone has room for little more.
  const columns = [
    { head: "tile", of: ({ index }) => index, show: ({ index }) => `${index}`, worst: "low" },
    ...figures.filter(([name]) => name === key).map(columnOf),
    {
      head: "at",
      of: ({ y, x }) => y * 1e6 + x,
      show: ({ x, y, width, height }) => `${x}, ${y} · ${width}×${height}`,
      worst: "low",
    },
    { head: "status", of: ({ status }) => status, show: (row) => statusOf(row), worst: "low" },
    ...figures.filter(([name]) => name !== key).map(columnOf),
  ];
  state.tileTable = openTable(at("tiles"), {
    columns,
    rows,
    first: 1,
    onPick(tile) {
      state.picked = tile;
      viewer.goTo(tile);
      look({ x: tile.x + (tile.width >> 1), y: tile.y + (tile.height >> 1) });
    },
  });
  const select = at("tile-colour");
  select.replaceChildren(
    ...figures.map(([name, head]) => element("option", head, { value: name })),
  );
  state.colourBy = key;
  select.value = key;
  const more = rows.length > 200 ? ` The first 200 of ${rows.length} in the chosen order.` : "";
  at("tiles-note").textContent =
    `By ${key === "gain" ? "PSNR won, the least first" : "how much was changed, the most first"}. Click a column's head to sort. Click a tile's number to show it in the picture.${more}`;
}

function statusOf({ status, problem }) {
  if (status !== "failed") return status;
  return element("span", "failed", { class: "bad", title: problem ?? "" });
}

function putMotions({ field }) {
  at("motions").hidden = !field;
  if (!field) return;
  const { length, direction } = field.kernels;
  const known = length.filter((value) => value !== null);
  const pointing = direction.filter((value) => value !== null);
  const histogram = (values, step, bins) => {
    const counts = new Array(bins).fill(0);
    for (const value of values) counts[Math.min(bins - 1, Math.floor(value / step))]++;
    return counts;
  };
  const longest = Math.max(1, Math.ceil(known.reduce((a, b) => Math.max(a, b), 0)));
  const step = longest > 24 ? 2 : longest > 8 ? 1 : 0.5;
  drawBars(at("lengths"), {
    title: "Length",
    label: "pixels",
    from: 0,
    step,
    counts: histogram(known, step, Math.ceil(longest / step)),
    unit: " px",
  });
  drawBars(at("directions"), {
    title: "Direction",
    label: "degrees from horizontal, anticlockwise",
    from: 0,
    step: 10,
    counts: histogram(pointing, 10, 18),
    unit: "°",
  });
  const sorted = [...known].sort((a, b) => a - b);
  const middle = sorted[sorted.length >> 1];
  const alike =
    field.spread < 0.02
      ? " All kernels are nearly the same: this net hardly tells motions apart here."
      : "";
  at("motions-note").textContent =
    `${known.length} places. Median length ${shown(middle, 1)} px: that of a straight, even motion with the kernel's second moments. Unlikeness of kernels (0 all alike, 1 nothing in common): ${plain(field.spread)}.${alike}`;
}

function putSet() {
  at("set").hidden = report.pictures.length + report.failures.length < 2;
  at("failures").replaceChildren(
    ...report.failures.map(({ name, message }) =>
      element("li", `${name}: ${message}`, { class: "bad" }),
    ),
  );
  const gain = ({ score: { likeness } }) =>
    likeness && (likeness.after.psnr ?? Infinity) - (likeness.before.psnr ?? Infinity);
  const figure = (head, digits, worst, of, signed = false) => ({
    head,
    worst,
    of,
    show: (row) => shown(of(row), digits, signed),
  });
  const all = [
    figure("before, dB", 2, "low", ({ score }) => score.likeness?.before.psnr),
    figure("after, dB", 2, "low", ({ score }) => score.likeness?.after.psnr),
    figure("gain, dB", 2, "low", gain, true),
    figure("re-blur, dB", 2, "low", ({ score }) => score.reblur?.psnr),
    figure("sharpness before", 1, "low", ({ score }) => score.sharpness?.before),
    figure("after", 1, "low", ({ score }) => score.sharpness?.after),
    figure("tiles failed", 0, "high", ({ failed }) => failed),
    figure("s", 1, "high", ({ score }) => score.seconds),
  ].filter(({ of }) => report.pictures.some((row) => of(row) !== undefined && of(row) !== null));
  const columns = [
    { head: "picture", of: ({ name }) => name, show: ({ name }) => name, worst: "low" },
    {
      head: "",
      of: () => 0,
      show: ({ thumbnail }) => element("img", "", { src: thumbnail, alt: "" }),
    },
    {
      head: "size",
      of: ({ width, height }) => width * height,
      show: ({ width, height }) => `${width}×${height}`,
      worst: "high",
    },
    ...all,
  ];
  return openTable(at("pictures"), {
    columns,
    rows: report.pictures,
    first: 0,
    limit: 1000,
    onPick: openImage,
  });
}
