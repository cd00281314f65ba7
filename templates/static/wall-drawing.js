// Drawing the wall: far out one copy of all sprites, nearer the units in view from the finest
// picture of each that is there.
(() => {
  "use strict";

  const { wall } = window.atlas;
  if (!wall) return;
  const { data, layers, units, canvas, STRIP, GROUND } = wall;

  const SMALL = 128;  // pixels of the small pictures
  const SHARP = 1.3;  // how much a picture may be enlarged before a finer one is fetched
  const NAMED = 60;  // pixels of a tile from which it says that its unit is silent

  const context = canvas.getContext("2d"), { fontFamily } = getComputedStyle(wall.section);
  let waiting = 0;

  wall.redraw = () => { waiting ||= requestAnimationFrame(draw); };

  // The finest picture of a unit that is there; what is missing is asked for.
  const drawPicture = (index, x, y, ask) => {
    const { size } = wall.view, unit = units[index], need = size * wall.ratio, finest = data.levels.length - 1;
    const level = data.levels.findIndex(([side]) => need <= side * SHARP);
    const addresses = [];
    if (level < 0) {
      // Not before somebody looks closer: a page that only opens shall stay light.
      if (unit.folders.length && wall.moved && need > SMALL * SHARP) addresses.push(wall.file(unit, false));
      addresses.push(wall.file(unit, true));
    }
    const [best] = addresses;
    if (best && !wall.asked(best)) ask.push(best);
    const image = addresses.map(wall.loaded).find(Boolean);
    if (image) return context.drawImage(image, x, y, size, size);
    if (level === 0) return;
    const sheet = wall.sheetOf(index, finest);
    if (wall.loaded(sheet)) wall.sprite(context, index, finest, wall.loaded(sheet), x, y, size);
    else if (finest && !wall.asked(sheet) && !ask.includes(sheet)) ask.unshift(sheet);
  };

  const drawNear = ({ left, top, right, bottom }) => {
    const { order, view } = wall, ask = [];
    for (let row = top; row < bottom; row += 1) {
      for (let column = left; column < right; column += 1) {
        const index = order.at[row * order.columns + column];
        if (index < 0) continue;
        const x = (column - view.x) * view.size, y = order.top + (row - view.y) * view.size;
        drawPicture(index, x, y, ask);
        drawSilence(index, x, y);
      }
    }
    wall.ask(ask);
  };

  const drawSilence = (index, x, y) => {
    const { size } = wall.view;
    wall.dim(context, index, x, y, size);
    if (!units[index].silent || size < NAMED) return;
    context.fillStyle = "#d0d0d0";
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.font = `12px ${fontFamily}`;
    context.fillText("silent", x + size / 2, y + size / 2);
  };

  const drawGaps = ({ left, top, right, bottom }) => {
    const { order, view, width, height } = wall;
    if (view.size < 20) return;
    context.fillStyle = GROUND;
    const gap = view.size > 60 ? 3 : 1;
    for (let column = left; column <= right; column += 1) context.fillRect(Math.round((column - view.x) * view.size - gap / 2), order.top, gap, height);
    for (let row = top; row <= bottom; row += 1) context.fillRect(0, Math.round(order.top + (row - view.y) * view.size - gap / 2), width, gap);
  };

  const drawLayers = () => {
    const { order, view, width, height } = wall;
    if (order.name !== "wall") return;
    context.fillStyle = GROUND;
    context.fillRect(0, 0, width, STRIP);
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.font = `12px ${fontFamily}`;
    for (const layer of layers) {
      const left = (layer.left - view.x) * view.size, right = left + layer.width * view.size;
      if (right < 0 || left > width) continue;
      context.fillStyle = GROUND;
      if (layer.left && layer.width > 1) context.fillRect(left - 1.5, STRIP, 3, height);
      context.fillStyle = "#d0d0d0";
      const from = Math.max(left, 0), to = Math.min(right, width);
      if (context.measureText(layer.short).width < to - from - 2) context.fillText(layer.short, (from + to) / 2, STRIP / 2);
    }
  };

  const drawChosen = () => {
    if (wall.chosen < 0) return;
    const { size } = wall.view, [x, y] = wall.corner(wall.order, wall.view, wall.chosen);
    for (const [width, color] of [[4, "#000"], [2, "#fff"]]) {
      context.lineWidth = width;
      context.strokeStyle = color;
      context.strokeRect(x, y, size, size);
    }
  };

  // All units on their way from one order to the other.
  const drawFlight = (now) => {
    const { flight, order, view } = wall, part = Math.min(Math.max(now - flight.since, 0) / 800, 1);
    const eased = part < 0.5 ? 4 * part ** 3 : 1 - (2 - 2 * part) ** 3 / 2;
    const size = flight.view.size + (view.size - flight.view.size) * eased;
    units.forEach((unit, index) => {
      const image = wall.loaded(wall.sheetOf(index, 0));
      if (!image) return;
      const [fromX, fromY] = wall.corner(flight.order, flight.view, index), [x, y] = wall.corner(order, view, index);
      const place = [fromX + (x - fromX) * eased, fromY + (y - fromY) * eased, size - 1];
      wall.sprite(context, index, 0, image, ...place);
      wall.dim(context, index, ...place);
    });
    if (part === 1) wall.flight = null;
    wall.redraw();
  };

  const draw = (now) => {
    const { order, view, width, height, ratio } = wall;
    waiting = 0;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = GROUND;
    context.fillRect(0, 0, width, height);
    if (wall.flight) return drawFlight(now);
    const seen = wall.visible();
    context.drawImage(wall.baseOf(order), -view.x * view.size, order.top - view.y * view.size, order.columns * view.size, order.rows * view.size);
    if (view.size * ratio > data.levels[0][0] * SHARP) drawNear(seen);
    drawGaps(seen);
    drawLayers();
    drawChosen();
  };

  new ResizeObserver(() => {
    const box = canvas.getBoundingClientRect();
    [wall.width, wall.height, wall.ratio] = [box.width, box.height, devicePixelRatio || 1];
    [canvas.width, canvas.height] = [Math.round(box.width * wall.ratio), Math.round(box.height * wall.ratio)];
    if (!wall.view) {
      if (!wall.restore()) wall.view = wall.opening(wall.order);
      wall.start();
    }
    wall.look(wall.moved ? wall.view : wall.opening(wall.order), false);
  }).observe(canvas);
})();
