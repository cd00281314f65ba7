// The pictures of the wall: sheets of small ones, a copy of the coarsest in an order, and files
// of their own, by the recipe that is shown.
(() => {
  "use strict";

  const { wall } = window.atlas;
  if (!wall) return;
  const { data, units, orders, root } = wall;

  const AT_ONCE = 8;  // files fetched at the same time
  const KEPT = 400;  // files kept, besides those in view
  const DIM = .65;  // how much of a silent unit's picture the ground covers

  const recipe = () => {
    const input = document.querySelector("input[name=recipe]:checked");
    return !input || input.defaultChecked ? "" : input.value;
  };

  let shownRecipe = recipe();

  const padded = (number) => String(number).padStart(4, "0");

  wall.file = (unit, small) => {
    const { slug } = unit.layer, [first] = unit.folders;
    if (!first) return `${root}images/tiles/${slug}/${padded(unit.number)}.webp`;
    const folder = unit.folders.includes(shownRecipe) ? shownRecipe : first;
    return `${root}images/${folder}/${slug}/${padded(unit.number)}${small ? ".small" : ""}.webp`;
  };

  wall.page = (unit) => {
    const query = new URLSearchParams(location.search), asked = new URLSearchParams();
    if (!unit.folders.length) asked.set("unit", unit.number);
    if (query.has("recipe")) asked.set("recipe", query.get("recipe"));
    const path = unit.folders.length ? `units/${unit.layer.slug}/${padded(unit.number)}` : `layers/${unit.layer.slug}`;
    return `${root}${encodeURI(path)}.html${asked.size ? `?${asked}` : ""}`;
  };

  // ---- Files: fetched as they are wanted, a few at a time, and forgotten when they are many.

  const files = new Map();
  let wanted = [], fetching = 0;

  wall.asked = (address) => files.has(address);

  wall.loaded = (address) => {
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
        wall.redraw();
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

  // What is wanted now, instead of what was wanted before and is no longer seen.
  wall.ask = (addresses) => {
    wanted = [...wanted.filter(([, then]) => then), ...addresses.map((address) => [address])];
    fetchNext();
    forget();
  };

  // ---- Sheets.

  wall.sheetOf = (index, level) => {
    const [side, most] = data.levels[level], folder = shownRecipe ? `${shownRecipe}/` : "";
    return `${root}images/wall/${folder}${side}-${Math.floor(index / most)}.webp`;
  };

  wall.sprite = (target, index, level, image, x, y, size) => {
    const [side, most] = data.levels[level], across = Math.sqrt(most), place = index % most;
    target.drawImage(image, (place % across) * side, Math.floor(place / across) * side, side, side, x, y, size, size);
  };

  // The picture of a unit that stayed silent shows nothing that it looks for.
  wall.dim = (target, index, x, y, size) => {
    if (!units[index].silent) return;
    target.globalAlpha = DIM;
    target.fillStyle = wall.GROUND;
    target.fillRect(x, y, size, size);
    target.globalAlpha = 1;
  };

  // A copy of the coarsest sprites in an order, made once that is shown: far out it is all that is
  // drawn.
  const paint = (kind, first, image) => {
    const [side, most] = data.levels[0], { target } = kind.base, last = Math.min(first + most, units.length);
    for (let index = first; index < last; index += 1) {
      const place = units[index][kind.name], x = (place % kind.columns) * side, y = Math.floor(place / kind.columns) * side;
      wall.sprite(target, index, 0, image, x, y, side);
      wall.dim(target, index, x, y, side);
    }
  };

  const eachSheet = (act) => {
    for (let first = 0; first < units.length; first += data.levels[0][1]) act(first, wall.sheetOf(first, 0));
  };

  wall.baseOf = (kind) => {
    if (kind.base) return kind.base.copy;
    const [side] = data.levels[0], copy = document.createElement("canvas");
    [copy.width, copy.height] = [kind.columns * side, kind.rows * side];
    const target = copy.getContext("2d");
    kind.base = { copy, target };
    target.fillStyle = wall.GROUND;
    target.fillRect(0, 0, copy.width, copy.height);
    eachSheet((first, address) => { if (wall.loaded(address)) paint(kind, first, wall.loaded(address)); });
    return copy;
  };

  wall.start = () => {
    for (const kind of Object.values(orders)) kind.base = null;
    wanted = [];
    eachSheet((first, address) => {
      const fill = (image) => {
        if (wall.sheetOf(first, 0) !== address) return;  // another recipe was chosen meanwhile
        Object.values(orders).forEach((kind) => { if (kind.base) paint(kind, first, image); });
      };
      if (!wall.loaded(address)) wanted.push([address, fill]);
    });
    fetchNext();
    wall.redraw();
  };

  document.addEventListener("change", (event) => {
    if (event.target.name !== "recipe") return;
    shownRecipe = recipe();
    wall.start();
  });
})();
