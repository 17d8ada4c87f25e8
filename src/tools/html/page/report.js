// Puts the report's data into the page and connects its parts.

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

/** The value that colours the tiles, and its range. */
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

const waiting = new Map();

/** Called by the script of an image, with its data. */
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

async function openImage(picture) {
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
