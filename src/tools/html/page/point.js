// Shows the values of the selected point and its kernel, and moves it by keys.

/** Shows the values of a pixel. */
function look(pixel) {
  const { data, picture } = state;
  if (!data) return;
  state.point = pixel;
  const tile = data.tiles.find(
    ({ x, y, width, height }) =>
      pixel.x >= x && pixel.y >= y && pixel.x < x + width && pixel.y < y + height,
  );
  const rows = [["pixel", `${pixel.x}, ${pixel.y}`]];
  // A net may know no kernels.
  at("kernel").hidden = !data.field;
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

/** Moves to the next kernel in a direction. */
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
