// The wall of all units on one canvas: by depth, or as a map by likeness. A view is where the top
// left corner is, in tiles, and how many pixels a tile is wide. Far out a copy of all sprites is
// drawn at once; nearer, the visible units are drawn from finer sheets and from their own files.
(() => {
  "use strict";

  const section = document.querySelector(".wall"), canvas = document.querySelector("#wall");
  if (!section || !canvas.getContext) return;
  const data = JSON.parse(document.querySelector("#wall-data").textContent);
  const root = section.dataset.root, context = canvas.getContext("2d");
  const said = section.querySelector(".wall-said span"), link = section.querySelector(".wall-open");
  const atFirst = said.textContent;
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  const STRIP = 24;  // pixels above the wall, for the names of layers
  const LARGEST = 498;  // pixels of a tile: a picture at twice its size
  const SMALL = 128;  // pixels of the small pictures
  const SHARP = 1.3;  // how much a picture may be enlarged before a finer one is fetched
  const AT_ONCE = 8;  // files fetched at the same time
  const KEPT = 400;  // files kept, besides those in view
  const FLOWN = 1000;  // units that may fly from wall to map
  const GROUND = "#141414";

  const layers = data.layers.map(([short, slug, width]) => ({ short, slug, width }));
  layers.reduce((left, layer) => { layer.left = left; return left + layer.width; }, 0);
  const units = data.units.map(([layer, number, wall, map, folders, words]) => (
    { layer: layers[layer], number, wall, map, folders: folders.map((each) => data.recipes[each]), words }
  ));

  // The two orders: their size in tiles, and which unit is at each place.
  const orders = {};
  for (const [name, shape] of [["wall", data.shape], ["map", data.map]]) {
    if (!shape) continue;
    const [columns, rows] = shape, at = new Int32Array(columns * rows).fill(-1);
    units.forEach((unit, index) => { at[unit[name]] = index; });
    orders[name] = { name, columns, rows, at, top: name === "wall" ? STRIP : 0 };
  }

  let order = orders.wall, view = null, chosen = -1, flight = null, moved = false;
  let width = 0, height = 0, ratio = 1;

  // ---- Which pictures there are, by the recipe that is shown.

  const recipe = () => {
    const input = document.querySelector("input[name=recipe]:checked");
    return !input || input.defaultChecked ? "" : input.value;
  };

  const padded = (number) => String(number).padStart(4, "0");

  const file = (unit, small) => {
    const { slug } = unit.layer, [first] = unit.folders;
    if (!first) return `${root}images/tiles/${slug}/${padded(unit.number)}.webp`;
    const folder = unit.folders.includes(shownRecipe) ? shownRecipe : first;
    return `${root}images/${folder}/${slug}/${padded(unit.number)}${small ? ".small" : ""}.webp`;
  };

  const page = (unit) => {
    const query = new URLSearchParams(location.search), asked = new URLSearchParams();
    if (!unit.folders.length) asked.set("unit", unit.number);
    if (query.has("recipe")) asked.set("recipe", query.get("recipe"));
    const path = unit.folders.length ? `units/${unit.layer.slug}/${padded(unit.number)}` : `layers/${unit.layer.slug}`;
    return `${root}${encodeURI(path)}.html${asked.size ? `?${asked}` : ""}`;
  };

  let shownRecipe = recipe();

  // ---- Files: fetched as they are wanted, a few at a time, and forgotten when they are many.

  const files = new Map();
  let wanted = [], fetching = 0;

  const loaded = (address) => {
    const found = files.get(address);
    return found && found.ready ? found.image : null;
  };

  const fetchNext = () => {
    while (fetching < AT_ONCE && wanted.length) {
      const [address, then] = wanted.shift();
      if (files.has(address)) continue;
      const found = { image: new Image(), ready: false };
      files.set(address, found);
      fetching += 1;
      found.image.src = address;
      // Decoded before it is drawn, so that no frame waits for it.
      found.image.decode().then(() => {
        found.ready = true;
        if (then) then(found.image);
      }, () => { /* what is there already stays */ }).finally(() => {
        fetching -= 1;
        redraw();
        fetchNext();
      });
    }
  };

  const forget = () => {
    for (const address of files.keys()) {
      if (files.size <= KEPT) return;
      if (!address.includes("/wall/") && !wanted.some(([each]) => each === address)) files.delete(address);
    }
  };

  // ---- Sprites.

  const sheetOf = (index, level) => {
    const [, most] = data.levels[level], [side] = data.levels[level];
    const folder = shownRecipe ? `${shownRecipe}/` : "", number = Math.floor(index / most);
    return `${root}images/wall/${folder}${side}-${number}.webp`;
  };

  const sprite = (target, index, level, image, x, y, size) => {
    const [side, most] = data.levels[level], across = Math.sqrt(most), place = index % most;
    target.drawImage(image, (place % across) * side, Math.floor(place / across) * side, side, side, x, y, size, size);
  };

  // A copy of the coarsest sprites in each order: far out it is all that is drawn.
  const whole = (kind) => {
    const [side] = data.levels[0], copy = document.createElement("canvas");
    [copy.width, copy.height] = [kind.columns * side, kind.rows * side];
    const target = copy.getContext("2d");
    target.fillStyle = GROUND;
    target.fillRect(0, 0, copy.width, copy.height);
    return { copy, target };
  };

  const paint = (kind, first, last, image) => {
    const [side] = data.levels[0];
    for (let index = first; index < last; index += 1) {
      const place = units[index][kind.name];
      sprite(kind.base.target, index, 0, image, (place % kind.columns) * side, Math.floor(place / kind.columns) * side, side);
    }
  };

  const start = () => {
    const [, most] = data.levels[0];
    for (const kind of Object.values(orders)) kind.base = whole(kind);
    wanted = [];
    for (let first = 0; first < units.length; first += most) {
      const last = Math.min(first + most, units.length), address = sheetOf(first, 0);
      const fill = (image) => Object.values(orders).forEach((kind) => paint(kind, first, last, image));
      const image = loaded(address);
      if (image) fill(image); else wanted.push([address, fill]);
    }
    fetchNext();
    redraw();
  };

  // ---- The view.

  const limits = (kind) => {
    const least = Math.min(width / kind.columns, (height - kind.top) / kind.rows);
    return { least, most: Math.max(LARGEST, least) };
  };

  // At first the whole width of the canvas is covered, as far as that keeps half of all in view.
  const opening = (kind) => {
    const { least } = limits(kind);
    const cover = Math.max(width / kind.columns, (height - kind.top) / kind.rows);
    return within(kind, { x: 0, y: 0, size: Math.min(cover, 2 * least) });
  };

  const within = (kind, { x, y, size }) => {
    const { least, most } = limits(kind), clamped = Math.min(Math.max(size, least), most);
    const along = (place, tiles, pixels) => {
      const free = tiles - pixels / clamped;
      return free <= 0 ? free / 2 : Math.min(Math.max(place, 0), free);
    };
    return { x: along(x, kind.columns, width), y: along(y, kind.rows, height - kind.top), size: clamped };
  };

  const look = (next, kept = true) => {
    view = within(order, next);
    moved = moved || kept;
    canvas.classList.toggle("still", view.size <= limits(order).least * 1.01);
    if (kept) keep();
    redraw();
  };

  // Zoom such that what is under a point of the canvas stays there.
  const zoom = (factor, x = width / 2, y = (height + order.top) / 2, from = view) => {
    const { least, most } = limits(order);
    const size = Math.min(Math.max(from.size * factor, least), most);
    return { x: from.x + x / from.size - x / size, y: from.y + (y - order.top) / from.size - (y - order.top) / size, size };
  };

  let glide = 0;

  // Go to a view in a few frames; at once where nothing shall move.
  const glideTo = (next) => {
    cancelAnimationFrame(glide);
    const from = view, to = within(order, next), since = performance.now();
    if (calm.matches) return look(to);
    const step = (now) => {
      const part = Math.min(Math.max(now - since, 0) / 220, 1), eased = 1 - (1 - part) ** 3;
      const size = from.size * (to.size / from.size) ** eased;
      // The corner moves as the point does that is fixed in this zoom.
      const done = to.size === from.size ? eased : (1 / from.size - 1 / size) / (1 / from.size - 1 / to.size);
      look({ x: from.x + (to.x - from.x) * done, y: from.y + (to.y - from.y) * done, size }, part === 1);
      if (part < 1) glide = requestAnimationFrame(step);
    };
    glide = requestAnimationFrame(step);
  };

  // The address keeps the middle of the view, and its size relative to the whole.
  let keeping = 0;

  const keep = () => {
    clearTimeout(keeping);
    keeping = setTimeout(() => {
      const { least } = limits(order), round = (value) => Number(value.toFixed(3));
      const x = round(view.x + width / view.size / 2), y = round(view.y + (height - order.top) / view.size / 2);
      history.replaceState(null, "", `${location.pathname}${location.search}#${order.name}=${x},${y},${round(view.size / least)}`);
    }, 150);
  };

  const restore = () => {
    const found = /^#(wall|map)=(-?[\d.]+),(-?[\d.]+),([\d.]+)$/.exec(location.hash);
    if (!found || !orders[found[1]]) return false;
    const [x, y, times] = found.slice(2).map(Number);
    if (![x, y, times].every(Number.isFinite)) return false;
    order = orders[found[1]];
    const size = times * limits(order).least;
    for (const input of section.querySelectorAll("[name=way]")) input.checked = input.value === order.name;
    view = within(order, { x: x - width / size / 2, y: y - (height - order.top) / size / 2, size });
    moved = true;
    return true;
  };

  // ---- Drawing.

  let waiting = 0;

  const redraw = () => { waiting ||= requestAnimationFrame(draw); };

  const visible = () => {
    const left = Math.max(Math.floor(view.x), 0), top = Math.max(Math.floor(view.y - order.top / view.size), 0);
    const right = Math.min(Math.ceil(view.x + width / view.size), order.columns);
    const bottom = Math.min(Math.ceil(view.y + (height - order.top) / view.size), order.rows);
    return { left, top, right, bottom };
  };

  const corner = (kind, at, index) => {
    const place = units[index][kind.name];
    return [(place % kind.columns - at.x) * at.size, kind.top + (Math.floor(place / kind.columns) - at.y) * at.size];
  };

  // The finest picture of a unit that is there; what is missing is asked for.
  const drawUnit = (index, x, y, ask) => {
    const unit = units[index], need = view.size * ratio, finest = data.levels.length - 1;
    const level = data.levels.findIndex(([side]) => need <= side * SHARP);
    const addresses = [];
    if (level < 0) {
      // Not before somebody looks closer: a page that only opens shall stay light.
      if (unit.folders.length && moved && need > SMALL * SHARP) addresses.push(file(unit, false));
      addresses.push(file(unit, true));
    }
    const [best] = addresses;
    if (best && !files.has(best)) ask.push([best]);
    const image = addresses.map(loaded).find(Boolean);
    if (image) return context.drawImage(image, x, y, view.size, view.size);
    if (level === 0) return;
    const sheet = sheetOf(index, finest);
    if (loaded(sheet)) sprite(context, index, finest, loaded(sheet), x, y, view.size);
    else if (finest && !files.has(sheet) && !ask.some(([address]) => address === sheet)) ask.unshift([sheet]);
  };

  const drawNear = ({ left, top, right, bottom }) => {
    const ask = [];
    for (let row = top; row < bottom; row += 1) {
      for (let column = left; column < right; column += 1) {
        const index = order.at[row * order.columns + column];
        if (index >= 0) drawUnit(index, (column - view.x) * view.size, order.top + (row - view.y) * view.size, ask);
      }
    }
    wanted = [...wanted.filter(([, then]) => then), ...ask];
    fetchNext();
    forget();
  };

  const drawGaps = ({ left, top, right, bottom }) => {
    if (view.size < 20) return;
    context.fillStyle = GROUND;
    const gap = view.size > 60 ? 3 : 1;
    for (let column = left; column <= right; column += 1) context.fillRect(Math.round((column - view.x) * view.size - gap / 2), order.top, gap, height);
    for (let row = top; row <= bottom; row += 1) context.fillRect(0, Math.round(order.top + (row - view.y) * view.size - gap / 2), width, gap);
  };

  const drawLayers = () => {
    if (order.name !== "wall") return;
    context.fillStyle = GROUND;
    context.fillRect(0, 0, width, STRIP);
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.font = `12px ${getComputedStyle(section).fontFamily}`;
    for (const layer of layers) {
      const left = (layer.left - view.x) * view.size, right = left + layer.width * view.size;
      if (right < 0 || left > width) continue;
      context.fillStyle = GROUND;
      if (layer.left && layer.width > 1) context.fillRect(left - 1.5, STRIP, 3, height);
      context.fillStyle = "#d0d0d0";
      const middle = (Math.max(left, 0) + Math.min(right, width)) / 2;
      if (context.measureText(layer.short).width < Math.min(right, width) - Math.max(left, 0) - 2) context.fillText(layer.short, middle, STRIP / 2);
    }
  };

  const drawChosen = () => {
    if (chosen < 0) return;
    const [x, y] = corner(order, view, chosen);
    context.lineWidth = 3;
    context.strokeStyle = "#000";
    context.strokeRect(x, y, view.size, view.size);
    context.lineWidth = 2;
    context.strokeStyle = "#fff";
    context.strokeRect(x, y, view.size, view.size);
  };

  // All units on their way from one order to the other.
  const drawFlight = (now) => {
    const part = Math.min(Math.max(now - flight.since, 0) / 800, 1), eased = part < 0.5 ? 4 * part ** 3 : 1 - (2 - 2 * part) ** 3 / 2;
    const size = flight.view.size + (view.size - flight.view.size) * eased;
    units.forEach((unit, index) => {
      const image = loaded(sheetOf(index, 0));
      if (!image) return;
      const [fromX, fromY] = corner(flight.order, flight.view, index), [x, y] = corner(order, view, index);
      sprite(context, index, 0, image, fromX + (x - fromX) * eased, fromY + (y - fromY) * eased, size - 1);
    });
    if (part === 1) flight = null;
    redraw();
  };

  const draw = (now) => {
    waiting = 0;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = GROUND;
    context.fillRect(0, 0, width, height);
    if (flight) return drawFlight(now);
    const { copy } = order.base, seen = visible();
    context.drawImage(copy, -view.x * view.size, order.top - view.y * view.size, order.columns * view.size, order.rows * view.size);
    if (view.size * ratio > data.levels[0][0] * SHARP) drawNear(seen);
    drawGaps(seen);
    drawLayers();
    drawChosen();
  };

  // ---- Units: under the pointer, in words, by keys.

  const unitAt = (x, y) => {
    const column = Math.floor(view.x + x / view.size), row = Math.floor(view.y + (y - order.top) / view.size);
    const inside = y >= order.top && column >= 0 && row >= 0 && column < order.columns && row < order.rows;
    return inside ? order.at[row * order.columns + column] : -1;
  };

  const choose = (index) => {
    if (index === chosen) return;
    chosen = index;
    link.hidden = index < 0;
    said.textContent = index < 0 ? atFirst : "";
    if (index >= 0) {
      const unit = units[index];
      link.href = page(unit);
      link.textContent = `${unit.layer.short} ${unit.number}`;
      said.textContent = unit.words;
    }
    canvas.classList.toggle("over", index >= 0);
    redraw();
  };

  const open = (index, aside) => {
    if (index < 0) return;
    if (aside) window.open(page(units[index])); else location.href = page(units[index]);
  };

  // Bring the chosen unit into view, with some of its neighbors where there is room.
  const reveal = () => {
    const [x, y] = corner(order, view, chosen), room = Math.min(view.size, (width - view.size) / 2, (height - order.top - view.size) / 2);
    const over = (place, from, to) => Math.min(place - from - room, 0) + Math.max(place + view.size + room - to, 0);
    const [right, down] = [over(x, 0, width), over(y, order.top, height)];
    if (right || down) look({ ...view, x: view.x + right / view.size, y: view.y + down / view.size });
  };

  const middle = () => {
    const { left, top, right, bottom } = visible();
    const column = (left + right - 1) / 2, row = (top + bottom - 1) / 2, away = (index) => {
      const place = units[index][order.name];
      return Math.hypot(place % order.columns - column, Math.floor(place / order.columns) - row);
    };
    return units.reduce((best, _, index) => (away(index) < away(best) ? index : best), 0);
  };

  const step = (right, down) => {
    if (chosen < 0) return choose(middle());
    const place = units[chosen][order.name];
    let column = place % order.columns + right, row = Math.floor(place / order.columns) + down;
    for (; column >= 0 && row >= 0 && column < order.columns && row < order.rows; column += right, row += down) {
      const index = order.at[row * order.columns + column];
      if (index >= 0) { choose(index); return reveal(); }
    }
  };

  const zoomBy = (factor) => {
    if (chosen < 0) return glideTo(zoom(factor));
    const [x, y] = corner(order, view, chosen);
    glideTo(zoom(factor, x + view.size / 2, y + view.size / 2));
  };

  const acts = {
    ArrowLeft: () => step(-1, 0), ArrowRight: () => step(1, 0), ArrowUp: () => step(0, -1), ArrowDown: () => step(0, 1),
    "+": () => zoomBy(1.6), "=": () => zoomBy(1.6), "-": () => zoomBy(1 / 1.6), 0: () => glideTo({ ...view, size: 0 }), Home: () => glideTo({ ...view, size: 0 }),
    Enter: () => open(chosen),
  };

  canvas.addEventListener("keydown", (event) => {
    const act = acts[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  canvas.addEventListener("focus", () => { if (chosen < 0 && canvas.matches(":focus-visible")) choose(middle()); });

  // ---- Mouse and fingers.

  const pointers = new Map();
  let pressed = null;

  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  const grip = () => {
    const [[x, y], [otherX, otherY] = [x, y]] = [...pointers.values()];
    return { x: (x + otherX) / 2, y: (y + otherY) / 2, apart: Math.hypot(otherX - x, otherY - y) };
  };

  const hold = () => { pressed = pointers.size ? { ...pressed, grip: grip(), view } : null; };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" && event.button > 1) return;
    cancelAnimationFrame(glide);
    pointers.set(event.pointerId, place(event));
    canvas.setPointerCapture(event.pointerId);
    if (pointers.size === 1) pressed = { slid: false };
    if (pointers.size === 2) pressed.slid = true;
    hold();
  });

  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = place(event);
    if (!pointers.has(event.pointerId)) return choose(unitAt(x, y));
    pointers.set(event.pointerId, [x, y]);
    const now = grip(), then = pressed.grip;
    if (Math.hypot(now.x - then.x, now.y - then.y) > 5) pressed.slid = true;
    if (!pressed.slid) return;
    const zoomed = then.apart ? zoom(now.apart / then.apart, then.x, then.y, pressed.view) : pressed.view;
    canvas.classList.add("dragged");
    look({ ...zoomed, x: zoomed.x - (now.x - then.x) / zoomed.size, y: zoomed.y - (now.y - then.y) / zoomed.size });
  });

  const release = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    const clicked = event.type === "pointerup" && pressed && !pressed.slid;
    canvas.classList.remove("dragged");
    hold();
    if (!clicked) return;
    const index = unitAt(...place(event));
    // A finger shows first what it would open.
    if (event.pointerType !== "mouse" && index !== chosen) return choose(index);
    open(index, event.button === 1 || event.ctrlKey || event.metaKey);
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse" && !pointers.size && document.activeElement !== canvas) choose(-1);
  });

  // The wheel belongs to the page where it would only zoom out further than at first, and while
  // the wall is not whole on the screen.
  canvas.addEventListener("wheel", (event) => {
    const out = event.deltaY > 0, hidden = canvas.getBoundingClientRect().top < 0;
    if (!event.ctrlKey && (hidden || (out && view.size <= opening(order).size * 1.01))) return;
    event.preventDefault();
    cancelAnimationFrame(glide);
    const lines = [1, 16, 100][event.deltaMode];
    look(zoom(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.002)), ...place(event)));
  }, { passive: false });

  section.addEventListener("click", (event) => {
    const asked = event.target.dataset.zoom;
    if (asked === "whole") glideTo({ ...view, size: 0 });
    else if (asked) zoomBy(asked === "in" ? 1.6 : 1 / 1.6);
  });

  section.addEventListener("change", (event) => {
    if (event.target.name !== "way") return;
    cancelAnimationFrame(glide);
    const from = { order, view, since: performance.now() };
    order = orders[event.target.value];
    flight = calm.matches || units.length > FLOWN ? null : from;
    look(opening(order));
  });

  document.addEventListener("change", (event) => {
    if (event.target.name !== "recipe") return;
    shownRecipe = recipe();
    start();
  });

  addEventListener("hashchange", () => { if (restore()) redraw(); });

  new ResizeObserver(() => {
    const box = canvas.getBoundingClientRect();
    [width, height, ratio] = [box.width, box.height, devicePixelRatio || 1];
    [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (!view) { if (!restore()) view = opening(order); start(); }
    look(moved ? view : opening(order), false);
  }).observe(canvas);
})();
