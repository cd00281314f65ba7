// The address keeps what one sees of the wall: the order, the middle of the view, and its size
// relative to the whole.
(() => {
  "use strict";

  const { wall } = window.atlas;
  if (!wall) return;

  let keeping = 0;

  wall.keep = () => {
    clearTimeout(keeping);
    keeping = setTimeout(() => {
      const { order, view, width, height } = wall, { least } = wall.limits(order);
      const round = (value) => Number(value.toFixed(3));
      const x = round(view.x + width / view.size / 2), y = round(view.y + (height - order.top) / view.size / 2);
      history.replaceState(null, "", `${location.pathname}${location.search}#${order.name}=${x},${y},${round(view.size / least)}`);
    }, 150);
  };

  wall.restore = () => {
    const found = /^#(wall|map)=(-?[\d.]+),(-?[\d.]+),([\d.]+)$/.exec(location.hash);
    if (!found || !wall.orders[found[1]]) return false;
    const [x, y, times] = found.slice(2).map(Number);
    if (![x, y, times].every(Number.isFinite)) return false;
    const order = wall.order = wall.orders[found[1]], size = times * wall.limits(order).least;
    for (const input of wall.section.querySelectorAll("[name=way]")) input.checked = input.value === order.name;
    wall.view = wall.within(order, { x: x - wall.width / size / 2, y: y - (wall.height - order.top) / size / 2, size });
    wall.moved = true;
    return true;
  };

  addEventListener("hashchange", () => { if (wall.restore()) wall.redraw(); });
})();
