// Shows the images of one place under a slider, by OpenSeadragon.

/** Returns {show, mode, split, zoom, goTo, view, redraw}; `on` holds the callbacks. */
function openViewer(place, slider, on) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const viewer = OpenSeadragon({
    element: place,
    // Images from a disk taint the canvas that WebGL would read.
    drawer: "canvas",
    showNavigationControl: false,
    minZoomImageRatio: 0.7,
    maxZoomPixelRatio: 24,
    visibilityRatio: 0.4,
    animationTime: still ? 0 : 0.35,
    imageLoaderLimit: 6,
    maxImageCacheCount: 48,
    smoothTileEdgesMinZoom: Number.POSITIVE_INFINITY,
    gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
    gestureSettingsTouch: { flickEnabled: !still },
  });
  viewer.canvas.setAttribute(
    "aria-label",
    "Picture: arrows move, plus and minus zoom; other keys under Keys",
  );
  viewer.canvas.setAttribute("role", "application");
  const items = {};
  let mode = "slider";
  let split = 0.5;
  let turn = 0;

  /** The image's place on the screen. */
  function view() {
    const any = items.after ?? items.before;
    if (!any) return undefined;
    const { x: width, y: height } = viewer.viewport.getContainerSize();
    const { x: side } = any.getContentSize();
    const corner = any.imageToViewerElementCoordinates(new OpenSeadragon.Point(0, 0));
    const end = any.imageToViewerElementCoordinates(new OpenSeadragon.Point(side, 0));
    return { x: corner.x, y: corner.y, scale: (end.x - corner.x) / side, width, height };
  }

  function arrange() {
    slider.hidden = mode !== "slider";
    slider.style.left = `${100 * split}%`;
    slider.setAttribute("aria-valuenow", `${Math.round(100 * split)}`);
    slider.setAttribute("aria-valuetext", `${Math.round(100 * split)} % before`);
    const at = view();
    if (!at || !items.before) return;
    const { x: width, y: height } = items.before.getContentSize();
    const border = Math.min(width, Math.max(0, (split * at.width - at.x) / at.scale));
    // Hidden images are not loaded.
    const parts = {
      before: { slider: [0, border], before: [0, width] },
      after: { slider: [border, width], after: [0, width] },
      sharp: { sharp: [0, width] },
    };
    for (const [name, item] of Object.entries(items)) {
      const [from, to] = parts[name][mode] ?? [0, 0];
      item.setOpacity(to > from ? 1 : 0);
      const clip = item.getClip();
      if (to > from && (clip?.x !== from || clip?.width !== to - from))
        item.setClip(new OpenSeadragon.Rect(from, 0, to - from, height));
    }
  }

  function splitAt(to) {
    split = Math.min(1, Math.max(0, to));
    arrange();
  }

  const moved = () => {
    arrange();
    on.drawn();
  };
  for (const event of ["viewport-change", "update-viewport", "resize"])
    viewer.addHandler(event, moved);

  function sourceOf(image) {
    if (image.type === "image") return { type: "image", url: image.url, buildPyramid: false };
    return {
      Image: {
        xmlns: "http://schemas.microsoft.com/deepzoom/2008",
        Url: image.folder,
        Format: "jpeg",
        Overlap: "1",
        TileSize: "254",
        Size: { Width: `${image.width}`, Height: `${image.height}` },
      },
    };
  }

  /** The image's pixel under a point of the screen; undefined: outside the image. */
  function pixelAt(screenX, screenY) {
    const at = view();
    const size = (items.after ?? items.before)?.getContentSize();
    if (!at || !size) return undefined;
    const [x, y] = [
      Math.floor((screenX - at.x) / at.scale),
      Math.floor((screenY - at.y) / at.scale),
    ];
    return x >= 0 && y >= 0 && x < size.x && y < size.y ? { x, y } : undefined;
  }

  place.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse" || event.buttons !== 0) return;
    const box = place.getBoundingClientRect();
    const pixel = pixelAt(event.clientX - box.left, event.clientY - box.top);
    if (pixel) on.move(pixel);
  });
  viewer.addHandler("canvas-click", ({ quick, position }) => {
    const pixel = quick && pixelAt(position.x, position.y);
    if (pixel) on.move(pixel);
  });
  viewer.addHandler("canvas-key", (event) => {
    const { key, shiftKey, ctrlKey, altKey, metaKey } = event.originalEvent;
    if (ctrlKey || altKey || metaKey) return;
    // OpenSeadragon's keys r and f turn and mirror the image, which the layers do not follow.
    if (on.key(key, shiftKey) || /^[rf]$/i.test(key)) event.preventDefaultAction = true;
  });

  slider.addEventListener("pointerdown", (event) => {
    slider.setPointerCapture(event.pointerId);
    event.preventDefault();
    slider.focus();
  });
  slider.addEventListener("pointermove", (event) => {
    if (!slider.hasPointerCapture(event.pointerId)) return;
    const box = place.getBoundingClientRect();
    splitAt((event.clientX - box.left) / box.width);
  });
  slider.addEventListener("keydown", (event) => {
    const steps = {
      ArrowLeft: -0.02,
      ArrowDown: -0.02,
      ArrowRight: 0.02,
      ArrowUp: 0.02,
      PageDown: -0.1,
      PageUp: 0.1,
    };
    if (event.key in steps) splitAt(split + steps[event.key]);
    else if (event.key === "Home") splitAt(0);
    else if (event.key === "End") splitAt(1);
    else return;
    event.preventDefault();
  });

  return {
    view,
    arrange,
    redraw: () => viewer.forceRedraw(),
    /** Opens the images of another place. */
    show(images) {
      const now = ++turn;
      viewer.world.removeAll();
      for (const name of Object.keys(items)) delete items[name];
      for (const [index, name] of ["after", "before", "sharp"].entries()) {
        if (!images[name]) continue;
        viewer.addTiledImage({
          tileSource: sourceOf(images[name]),
          index,
          width: 1,
          opacity: name === "sharp" ? 0 : 1,
          success({ item }) {
            if (now !== turn) return;
            items[name] = item;
            if (name === "after") viewer.viewport.goHome(true);
            arrange();
            place.dataset.opened = Object.keys(items).length;
          },
        });
      }
    },
    mode(to) {
      mode = to;
      arrange();
      viewer.forceRedraw();
    },
    get currentMode() {
      return mode;
    },
    split: (by) => splitAt(split + by),
    zoom(how) {
      const { viewport } = viewer;
      if (how === "fit") viewport.goHome();
      else if (how === "whole") {
        const any = items.after ?? items.before;
        viewport.zoomTo(any.imageToViewportZoom(1 / (window.devicePixelRatio || 1)));
      } else viewport.zoomBy(how === "in" ? 1.5 : 1 / 1.5);
      viewport.applyConstraints();
    },
    /** Brings a rectangle of the image into view, with a margin. */
    goTo({ x, y, width, height }) {
      const any = items.after ?? items.before;
      if (!any) return;
      const margin = 0.15 * Math.max(width, height);
      viewer.viewport.fitBounds(
        any.imageToViewportRectangle(
          x - margin,
          y - margin,
          width + 2 * margin,
          height + 2 * margin,
        ),
      );
    },
    /** Moves the view until it contains a pixel. */
    reveal({ x, y }) {
      const any = items.after ?? items.before;
      const at = view();
      if (!any || !at) return;
      const [screenX, screenY] = [at.x + x * at.scale, at.y + y * at.scale];
      if (screenX > 20 && screenY > 20 && screenX < at.width - 20 && screenY < at.height - 20)
        return;
      viewer.viewport.panTo(any.imageToViewportCoordinates(new OpenSeadragon.Point(x, y)));
    },
  };
}
