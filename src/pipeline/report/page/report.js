// Puts the report's data into the page and its parts together.

const report = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const colours = bytesOf(report.colours);

const state = {
  picture: undefined,
  data: undefined,
  layers: undefined,
  shown: { kernels: false, sigma: false, tiles: false },
  colourBy: "residual",
  point: undefined,
  picked: undefined,
};

/** What can be told of a tile: [key, head, digits, which end is worse, what it is]. */
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

const viewer = openViewer(at("viewer"), at("slider"), {
  drawn: drawLayers,
  move: (pixel) => look(pixel),
  key: onKey,
});

function drawLayers() {
  const canvas = at("layers");
  const view = viewer?.view();
  if (!view || !state.layers) return;
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(view.width * ratio), Math.round(view.height * ratio)];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  const { shown, point, picked } = state;
  state.layers.draw(context, view, { shown, values: tileValues(), point, picked });
}

/** What tiles are coloured by, and between which values. */
function tileValues() {
  const of = (tile) => (state.colourBy === "gain" ? gainOf(tile) : tile[state.colourBy]);
  const known = state.data.tiles.map(of).filter((value) => value !== null && value !== undefined);
  if (known.length === 0) return undefined;
  return {
    of,
    low: known.reduce((a, b) => Math.min(a, b)),
    high: known.reduce((a, b) => Math.max(a, b)),
  };
}

/** Tells what is known of a pixel. */
function look(pixel) {
  const { data, picture } = state;
  if (!data) return;
  state.point = pixel;
  const tile = data.tiles.find(
    ({ x, y, width, height }) =>
      pixel.x >= x && pixel.y >= y && pixel.x < x + width && pixel.y < y + height,
  );
  const rows = [["pixel", `${pixel.x}, ${pixel.y}`]];
  if (data.field) {
    const { kernels, size } = data.field;
    const { column, row } = nearest(kernels, pixel);
    const i = row * kernels.columns + column;
    drawKernel(data.field, i);
    const direction = kernels.direction[i];
    rows.push(
      ["motion", kernels.length[i] === null ? "not seen" : `${shown(kernels.length[i], 1)} px`],
      ["direction", direction === null ? "–" : `${shown(direction, 0)}°`],
      ["σ", plain(kernels.sigma[i])],
      [
        "kernel",
        `${size}×${size}, at ${kernels.x + column * kernels.spacing}, ${kernels.y + row * kernels.spacing}`,
      ],
    );
  }
  if (tile)
    rows.push(["tile", `${tile.index}${tile.status === "restored" ? "" : `, ${tile.status}`}`]);
  describe(at("there"), rows);
  if (picture) drawLayers();
}

function nearest({ x, y, spacing, columns, rows }, pixel) {
  const to = (value, count) => Math.min(count - 1, Math.max(0, Math.round(value / spacing)));
  return { column: to(pixel.x - x, columns), row: to(pixel.y - y, rows) };
}

function drawKernel({ size, kernels }, i) {
  const canvas = at("kernel");
  Object.assign(canvas, { width: size, height: size });
  const context = canvas.getContext("2d");
  const image = context.createImageData(size, size);
  for (let tap = 0; tap < size * size; tap++) {
    const level = kernels.bytes[i * size * size + tap];
    image.data.set([level, level, level, 255], 4 * tap);
  }
  context.putImageData(image, 0, 0);
  canvas.style.imageRendering = "pixelated";
  const words =
    kernels.length[i] === null
      ? "not seen"
      : `${shown(kernels.length[i], 1)} px at ${shown(kernels.direction[i], 0)}°`;
  canvas.setAttribute("aria-label", `Motion kernel: ${words}`);
}

function onKey(key, shift) {
  const press = (selector) => document.querySelector(selector)?.click();
  if (shift && key.startsWith("Arrow")) {
    step(key);
    return true;
  }
  const actions = {
    "+": () => viewer.zoom("in"),
    "=": () => viewer.zoom("in"),
    "-": () => viewer.zoom("out"),
    "[": () => viewer.split(-0.02),
    "]": () => viewer.split(0.02),
    0: () => viewer.zoom("fit"),
    1: () => viewer.zoom("whole"),
    b: () => setMode(viewer.currentMode === "before" ? "after" : "before"),
    k: () => press('[data-layer="kernels"]'),
    s: () => press('[data-layer="sigma"]'),
    t: () => press('[data-layer="tiles"]'),
    n: () => state.tileTable?.step(1),
    p: () => state.tileTable?.step(-1),
  };
  if (!Object.hasOwn(actions, key)) return false;
  actions[key]();
  return true;
}

/** To the next kernel that way. */
function step(key) {
  const { data, picture } = state;
  const grid = data.field?.kernels ?? {
    x: 8,
    y: 8,
    spacing: 16,
    columns: Math.ceil(picture.width / 16),
    rows: Math.ceil(picture.height / 16),
  };
  const from = state.point ?? { x: picture.width / 2, y: picture.height / 2 };
  const { column, row } = nearest(grid, from);
  const [right, down] = {
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, -1],
    ArrowDown: [0, 1],
  }[key];
  const inside = (value, count) => Math.min(count - 1, Math.max(0, value));
  const pixel = {
    x: grid.x + inside(column + right, grid.columns) * grid.spacing,
    y: grid.y + inside(row + down, grid.rows) * grid.spacing,
  };
  look(pixel);
  viewer.reveal(pixel);
}

function setMode(mode) {
  for (const button of document.querySelectorAll("[data-mode]"))
    button.setAttribute("aria-pressed", `${button.dataset.mode === mode}`);
  viewer.mode(mode);
  at("tag-before").hidden = mode === "after" || mode === "sharp";
  at("tag-after").hidden = mode === "before";
  at("tag-after").textContent = mode === "sharp" ? "truth" : "after";
}

function setLayer(layer, on) {
  state.shown[layer] = on;
  document.querySelector(`[data-layer="${layer}"]`).setAttribute("aria-pressed", `${on}`);
  at("colour-by").hidden = !state.shown.tiles;
  legend();
  drawLayers();
}

function legend() {
  const { shown: layers, data } = state;
  const sigma = layers.sigma && data?.field?.sigma;
  const values = layers.tiles && data ? tileValues() : undefined;
  at("legend").hidden = !(sigma || values);
  if (at("legend").hidden) return;
  const name = tileFigures.find(([key]) => key === state.colourBy);
  at("legend-title").textContent = values ? name[4] : "σ, uncertainty of the kernels";
  const stops = Array.from(
    { length: 9 },
    (_, i) =>
      `rgb(${[...colours.subarray(3 * Math.round(i * 31.875), 3 * Math.round(i * 31.875) + 3)].join(" ")})`,
  );
  at("legend-bar").style.background = `linear-gradient(90deg, ${stops.join(",")})`;
  const [low, high] = at("legend-ends").children;
  low.textContent = plain((values ?? sigma).low);
  high.textContent = plain((values ?? sigma).high);
}

/** Figures of the whole picture: before and after against the truth, or what there is without. */
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
    ? "Against the sharp picture. Re-blur: the blurry picture against the sharp one blurred by the kernels the net sees."
    : "No sharp picture: the variance of the Laplacian grows with detail and with noise. Re-blur: the blurry picture against the restored one blurred by the kernels the net sees; not to be compared with figures from sharp pictures.";
}

function putTiles({ tiles }) {
  const rows = tiles.map((tile) => ({ ...tile, gain: gainOf(tile) }));
  const figures = tileFigures.filter(([key]) => rows.some((row) => row[key] !== null));
  const columns = [
    { head: "tile", of: ({ index }) => index, show: ({ index }) => `${index}`, worst: "low" },
    {
      head: "at",
      of: ({ y, x }) => y * 1e6 + x,
      show: ({ x, y, width, height }) => `${x}, ${y} · ${width}×${height}`,
      worst: "low",
    },
    { head: "status", of: ({ status }) => status, show: (row) => statusOf(row), worst: "low" },
    ...figures.map(([key, head, digits, worst, title]) => ({
      head,
      title,
      worst,
      of: (row) => row[key],
      show: (row) =>
        digits === undefined ? plain(row[key]) : shown(row[key], digits, key === "gain"),
    })),
  ];
  const key = figures.some(([name]) => name === "gain") ? "gain" : "residual";
  const first = 3 + figures.findIndex(([name]) => name === key);
  state.tileTable = openTable(at("tiles"), {
    columns,
    rows,
    first,
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
    `By ${key === "gain" ? "PSNR won, the least first" : "how much was changed, the most first"}; a head puts them in its order, a tile's number shows it above.${more}`;
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
    onPick: openPicture,
  });
}

const waiting = new Map();

/** Called by the script of a picture, with what it brings. */
window.deblurReport = (index, data) => waiting.get(index)?.(data);

function dataOf(picture) {
  if (picture.data) return Promise.resolve(picture.data);
  const index = report.pictures.indexOf(picture);
  return new Promise((resolve, reject) => {
    waiting.set(index, resolve);
    const script = element("script", "", { src: picture.script });
    script.addEventListener("error", () => reject(new Error(`${picture.script} is not there`)));
    document.head.append(script);
  });
}

async function openPicture(picture) {
  state.picture = picture;
  const { name, width, height, score, tiles, flat, failed, range } = picture;
  const parts = [
    `${width}×${height}`,
    `${tiles} tile${tiles === 1 ? "" : "s"} in ${shown(score.seconds, 1)} s`,
    ...(flat ? [`${flat} flat`] : []),
    ...(failed ? [`${failed} failed`] : []),
    `${plain(range[0])} to ${plain(range[1])} from black to white`,
    `made ${new Date(report.made).toLocaleString()}`,
  ];
  at("title").textContent = report.pictures.length > 1 ? `${report.title}: ${name}` : report.title;
  at("subtitle").textContent = parts.join(" · ");
  putFigures(picture);
  let data;
  try {
    data = await dataOf(picture);
  } catch (error) {
    at("subtitle").textContent = `${error.message}: the folder beside this page is missing`;
    return;
  }
  if (state.picture !== picture) return;
  if (data.field) {
    data.field.picture = { width, height };
    data.field.kernels.bytes ??= bytesOf(data.field.kernels.taps);
  }
  Object.assign(state, {
    data,
    picked: undefined,
    point: undefined,
    layers: openLayers(data, colours),
  });
  document.querySelector('[data-mode="sharp"]').hidden = !data.images.sharp;
  for (const layer of ["kernels", "sigma"])
    document.querySelector(`[data-layer="${layer}"]`).hidden = !data.field;
  viewer.show(data.images);
  setMode(data.images.sharp || viewer.currentMode !== "sharp" ? viewer.currentMode : "slider");
  putTiles(data);
  putMotions(data);
  legend();
  look({ x: width >> 1, y: height >> 1 });
  state.point = undefined;
}

for (const button of document.querySelectorAll("[data-mode]"))
  button.addEventListener("click", () => setMode(button.dataset.mode));
for (const button of document.querySelectorAll("[data-layer]"))
  button.addEventListener("click", () =>
    setLayer(button.dataset.layer, !state.shown[button.dataset.layer]),
  );
for (const button of document.querySelectorAll("[data-zoom]"))
  button.addEventListener("click", () => {
    if (button.dataset.zoom !== "full") return viewer.zoom(button.dataset.zoom);
    return document.fullscreenElement ? document.exitFullscreen() : at("view").requestFullscreen();
  });
at("tile-colour").addEventListener("change", (event) => {
  state.colourBy = event.target.value;
  legend();
  drawLayers();
});

describe(at("settings"), report.settings);
describe(at("weights"), report.weights);
at("weights-card").hidden = report.weights.length === 0;
putSet().pick(report.pictures[0]);
