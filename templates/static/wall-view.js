// The wall: its units, the two orders they stand in, and where one looks. A view is where the top
// left corner is, in tiles, and how many pixels a tile is wide. The other scripts of the wall share
// what is here as window.atlas.wall.
(() => {
  "use strict";

  const section = document.querySelector(".wall"), canvas = document.querySelector("#wall");
  if (!section || !canvas.getContext) return;
  const data = JSON.parse(document.querySelector("#wall-data").textContent);

  const STRIP = 24;  // pixels above the wall, for the names of layers
  const LARGEST = 498;  // pixels of a tile: a picture at twice its size

  const layers = data.layers.map(([short, slug, width]) => ({ short, slug, width }));
  layers.reduce((left, layer) => { layer.left = left; return left + layer.width; }, 0);
  const units = data.units.map(([layer, number, wall, map, folders, words, silent]) => ({
    layer: layers[layer], number, wall, map, folders: folders.map((each) => data.recipes[each]), words, silent: Boolean(silent),
  }));

  // The orders: their size in tiles, and which unit is at each place.
  const orders = {};
  for (const [name, shape] of [["wall", data.shape], ["map", data.map]]) {
    if (!shape) continue;
    const [columns, rows] = shape, at = new Int32Array(columns * rows).fill(-1);
    units.forEach((unit, index) => { at[unit[name]] = index; });
    orders[name] = { name, columns, rows, at, top: name === "wall" ? STRIP : 0 };
  }

  const wall = {
    section, canvas, data, layers, units, orders, STRIP, GROUND: "#141414",
    root: section.dataset.root, calm: matchMedia("(prefers-reduced-motion: reduce)"),
    order: orders.wall, view: null, moved: false, chosen: -1, flight: null,
    width: 0, height: 0, ratio: 1,
  };
  window.atlas.wall = wall;

  wall.limits = (kind) => {
    const least = Math.min(wall.width / kind.columns, (wall.height - kind.top) / kind.rows);
    return { least, most: Math.max(LARGEST, least) };
  };

  // The nearest view that shows no more beside the wall than must be.
  wall.within = (kind, { x, y, size }) => {
    const { least, most } = wall.limits(kind), clamped = Math.min(Math.max(size, least), most);
    const along = (place, tiles, pixels) => {
      const free = tiles - pixels / clamped;
      return free <= 0 ? free / 2 : Math.min(Math.max(place, 0), free);
    };
    return { x: along(x, kind.columns, wall.width), y: along(y, kind.rows, wall.height - kind.top), size: clamped };
  };

  // At first the whole width of the canvas is covered, as far as that keeps half of all in view.
  wall.opening = (kind) => {
    const { least } = wall.limits(kind);
    const cover = Math.max(wall.width / kind.columns, (wall.height - kind.top) / kind.rows);
    return wall.within(kind, { x: 0, y: 0, size: Math.min(cover, 2 * least) });
  };

  wall.look = (next, kept = true) => {
    wall.view = wall.within(wall.order, next);
    wall.moved = wall.moved || kept;
    canvas.classList.toggle("still", wall.view.size <= wall.limits(wall.order).least * 1.01);
    if (kept) wall.keep();
    wall.redraw();
  };

  // Zoom such that what is under a point of the canvas stays there.
  wall.zoom = (factor, x = wall.width / 2, y = (wall.height + wall.order.top) / 2, from = wall.view) => {
    const { least, most } = wall.limits(wall.order), down = y - wall.order.top;
    const size = Math.min(Math.max(from.size * factor, least), most);
    return { x: from.x + x / from.size - x / size, y: from.y + down / from.size - down / size, size };
  };

  let glide = 0;

  wall.rest = () => cancelAnimationFrame(glide);

  // Go to a view in a few frames; at once where nothing shall move.
  wall.glideTo = (next) => {
    wall.rest();
    const from = wall.view, to = wall.within(wall.order, next), since = performance.now();
    if (wall.calm.matches) return wall.look(to);
    const step = (now) => {
      const part = Math.min(Math.max(now - since, 0) / 220, 1), eased = 1 - (1 - part) ** 3;
      const size = from.size * (to.size / from.size) ** eased;
      // The corner moves as the point does that is fixed in this zoom.
      const done = to.size === from.size ? eased : (1 / from.size - 1 / size) / (1 / from.size - 1 / to.size);
      wall.look({ x: from.x + (to.x - from.x) * done, y: from.y + (to.y - from.y) * done, size }, part === 1);
      if (part < 1) glide = requestAnimationFrame(step);
    };
    glide = requestAnimationFrame(step);
  };

  // The places in view, by columns and rows.
  wall.visible = () => {
    const { order, view, width, height } = wall;
    const left = Math.max(Math.floor(view.x), 0), top = Math.max(Math.floor(view.y - order.top / view.size), 0);
    const right = Math.min(Math.ceil(view.x + width / view.size), order.columns);
    const bottom = Math.min(Math.ceil(view.y + (height - order.top) / view.size), order.rows);
    return { left, top, right, bottom };
  };

  // Where a unit's tile begins on the canvas.
  wall.corner = (kind, at, index) => {
    const place = units[index][kind.name];
    return [(place % kind.columns - at.x) * at.size, kind.top + (Math.floor(place / kind.columns) - at.y) * at.size];
  };

  wall.unitAt = (x, y) => {
    const { order, view } = wall;
    const column = Math.floor(view.x + x / view.size), row = Math.floor(view.y + (y - order.top) / view.size);
    const inside = y >= order.top && column >= 0 && row >= 0 && column < order.columns && row < order.rows;
    return inside ? order.at[row * order.columns + column] : -1;
  };

  wall.unitInTheMiddle = () => {
    const { order } = wall, { left, top, right, bottom } = wall.visible();
    const column = (left + right - 1) / 2, row = (top + bottom - 1) / 2, away = (index) => {
      const place = units[index][order.name];
      return Math.hypot(place % order.columns - column, Math.floor(place / order.columns) - row);
    };
    return units.reduce((best, _, index) => (away(index) < away(best) ? index : best), 0);
  };

  // The next unit in a direction, over places that are empty; -1 where there is none.
  wall.unitBeside = (index, right, down) => {
    const { order } = wall, place = units[index][order.name];
    let column = place % order.columns + right, row = Math.floor(place / order.columns) + down;
    for (; column >= 0 && row >= 0 && column < order.columns && row < order.rows; column += right, row += down) {
      const next = order.at[row * order.columns + column];
      if (next >= 0) return next;
    }
    return -1;
  };
})();
