// Draws the layers over the image (kernels, σ, tiles, the point) in screen pixels, at every move of the view.

/** The layers of one image; `colours` are 256 colours, three bytes each. */
function openLayers(data, colours) {
  const { field, tiles } = data;
  const atlas = field && drawAtlas(field);
  const heat = field && drawHeat(field.sigma, colours);

  /** view: {x, y, scale, width, height}: screen = (x, y) + scale · image. */
  function draw(context, view, { shown, values, point, picked }) {
    context.clearRect(0, 0, view.width, view.height);
    const place = ({ x, y, width, height }) => [
      view.x + x * view.scale,
      view.y + y * view.scale,
      width * view.scale,
      height * view.scale,
    ];
    if (shown.sigma && heat) {
      const { x, y, spacing, columns, rows } = field.sigma;
      const all = {
        x: x + 0.5 - spacing / 2,
        y: y + 0.5 - spacing / 2,
        width: spacing * columns,
        height: spacing * rows,
      };
      context.globalAlpha = 0.72;
      context.imageSmoothingEnabled = true;
      context.drawImage(heat, ...place(all));
      context.globalAlpha = 1;
    }
    if (shown.tiles) {
      const span = values && values.high > values.low ? values.high - values.low : 1;
      context.font = "12px system-ui, sans-serif";
      context.textBaseline = "top";
      for (const tile of tiles) {
        const [x, y, width, height] = place(tile);
        if (x > view.width || y > view.height || x + width < 0 || y + height < 0) continue;
        const value = values?.of(tile);
        if (value !== null && value !== undefined) {
          const at = 3 * Math.round((255 * (value - values.low)) / span);
          context.fillStyle = `rgb(${colours[at]} ${colours[at + 1]} ${colours[at + 2]} / 55%)`;
          context.fillRect(x, y, width, height);
        }
        context.strokeStyle = tile.status === "failed" ? "#ff5252" : "rgb(255 255 255 / 75%)";
        context.setLineDash(tile.status === "flat" ? [4, 4] : []);
        context.lineWidth = tile.status === "failed" ? 3 : 1;
        context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
        if (width < 64 || height < 30) continue;
        const label = tile.status === "restored" ? `${tile.index}` : `${tile.index} ${tile.status}`;
        writeLabel(context, label, Math.max(4, x + 4), Math.max(4, y + 4));
      }
      context.setLineDash([]);
    }
    if (shown.kernels && atlas) drawKernels(context, view, field, atlas);
    if (picked) {
      const [x, y, width, height] = place(picked);
      context.lineWidth = 3;
      context.strokeStyle = "#000a";
      context.strokeRect(x - 1, y - 1, width + 2, height + 2);
      context.lineWidth = 2;
      context.strokeStyle = "#ffd60a";
      context.strokeRect(x - 1, y - 1, width + 2, height + 2);
    }
    if (point) {
      const [x, y] = [view.x + (point.x + 0.5) * view.scale, view.y + (point.y + 0.5) * view.scale];
      for (const [colour, width] of [
        ["#000", 4],
        ["#fff", 1.5],
      ]) {
        context.strokeStyle = colour;
        context.lineWidth = width;
        context.beginPath();
        context.arc(x, y, 7, 0, 2 * Math.PI);
        context.stroke();
      }
    }
  }

  return { draw };
}

function writeLabel(context, text, x, y) {
  const { width } = context.measureText(text);
  context.fillStyle = "rgb(0 0 0 / 60%)";
  context.fillRect(x - 2, y - 2, width + 6, 16);
  context.fillStyle = "#fff";
  context.fillText(text, x + 1, y);
}

function drawKernels(context, view, { size, kernels }, atlas) {
  context.fillStyle = "rgb(0 0 0 / 45%)";
  context.fillRect(view.x, view.y, atlas.imageWidth * view.scale, atlas.imageHeight * view.scale);
  const { columns, rows, x, y, spacing } = kernels;
  // As many as have room on the screen.
  const step = Math.max(1, Math.ceil(44 / (spacing * view.scale)));
  const side = Math.min(160, spacing * step * view.scale * 0.92);
  context.imageSmoothingEnabled = true;
  for (let row = Math.min(rows - 1, step >> 1); row < rows; row += step) {
    const middleY = view.y + (y + 0.5 + row * spacing) * view.scale;
    if (middleY < -side || middleY > view.height + side) continue;
    for (let column = Math.min(columns - 1, step >> 1); column < columns; column += step) {
      const middleX = view.x + (x + 0.5 + column * spacing) * view.scale;
      if (middleX < -side || middleX > view.width + side) continue;
      context.drawImage(
        atlas.canvas,
        column * size,
        row * size,
        size,
        size,
        middleX - side / 2,
        middleY - side / 2,
        side,
        side,
      );
    }
  }
}

/** All kernels, a pixel a tap, yellow as strong as the tap. */
function drawAtlas({ size, kernels, picture }) {
  const taps = bytesOf(kernels.taps);
  const { columns, rows } = kernels;
  const canvas = element("canvas", "", { width: columns * size, height: rows * size });
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  for (let i = 0; i < columns * rows; i++) {
    for (let tap = 0; tap < size * size; tap++) {
      const row = Math.floor(i / columns) * size + Math.floor(tap / size);
      const column = (i % columns) * size + (tap % size);
      const strength = (taps[i * size * size + tap] / 255) ** 0.7;
      image.data.set([255, 214, 10, Math.round(255 * strength)], 4 * (row * canvas.width + column));
    }
  }
  context.putImageData(image, 0, 0);
  return { canvas, imageWidth: picture.width, imageHeight: picture.height };
}

function drawHeat({ columns, rows, values }, colours) {
  const levels = bytesOf(values);
  const canvas = element("canvas", "", { width: columns, height: rows });
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  for (const [i, level] of levels.entries()) {
    const at = 3 * Math.max(0, Math.round(((level - 1) * 255) / 254));
    const known = level > 0;
    const colour = known ? [colours[at], colours[at + 1], colours[at + 2]] : [150, 150, 150];
    image.data.set([...colour, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
