// What one does with the wall: by mouse, touch, keys and buttons.
(() => {
  "use strict";

  const { wall } = window.atlas;
  if (!wall) return;
  const { section, canvas, units, orders } = wall;

  const STEP = 1.6;  // of a zoom by key or button
  const FLOWN = 1000;  // units that may fly from wall to map

  const said = section.querySelector(".wall-said span"), link = section.querySelector(".wall-open");
  const atFirst = said.textContent;

  const choose = (index) => {
    if (index === wall.chosen) return;
    wall.chosen = index;
    link.hidden = index < 0;
    said.textContent = index < 0 ? atFirst : "";
    if (index >= 0) {
      const unit = units[index];
      link.href = wall.page(unit);
      link.textContent = `${unit.layer.short} ${unit.number}`;
      said.textContent = unit.words;
    }
    canvas.classList.toggle("over", index >= 0);
    wall.redraw();
  };

  const open = (index, aside) => {
    if (index < 0) return;
    if (aside) window.open(wall.page(units[index])); else location.href = wall.page(units[index]);
  };

  // Bring the chosen unit into view, with some of its neighbors where there is room.
  const reveal = () => {
    const { view, order, width, height } = wall, [x, y] = wall.corner(order, view, wall.chosen);
    const room = Math.min(view.size, (width - view.size) / 2, (height - order.top - view.size) / 2);
    const over = (place, from, to) => Math.min(place - from - room, 0) + Math.max(place + view.size + room - to, 0);
    const [right, down] = [over(x, 0, width), over(y, order.top, height)];
    if (right || down) wall.look({ ...view, x: view.x + right / view.size, y: view.y + down / view.size });
  };

  // ---- Keys and buttons.

  const step = (right, down) => {
    if (wall.chosen < 0) return choose(wall.unitInTheMiddle());
    const next = wall.unitBeside(wall.chosen, right, down);
    if (next < 0) return;
    choose(next);
    reveal();
  };

  const zoomBy = (factor) => {
    if (wall.chosen < 0) return wall.glideTo(wall.zoom(factor));
    const [x, y] = wall.corner(wall.order, wall.view, wall.chosen), half = wall.view.size / 2;
    wall.glideTo(wall.zoom(factor, x + half, y + half));
  };

  const showWhole = () => wall.glideTo({ ...wall.view, size: 0 });

  const acts = {
    ArrowLeft: () => step(-1, 0), ArrowRight: () => step(1, 0), ArrowUp: () => step(0, -1), ArrowDown: () => step(0, 1),
    "+": () => zoomBy(STEP), "=": () => zoomBy(STEP), "-": () => zoomBy(1 / STEP), 0: showWhole, Home: showWhole,
    Enter: () => open(wall.chosen),
  };

  canvas.addEventListener("keydown", (event) => {
    const act = acts[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  canvas.addEventListener("focus", () => {
    if (wall.chosen < 0 && canvas.matches(":focus-visible")) choose(wall.unitInTheMiddle());
  });

  section.addEventListener("click", (event) => {
    const asked = event.target.dataset.zoom;
    if (asked === "whole") showWhole();
    else if (asked) zoomBy(asked === "in" ? STEP : 1 / STEP);
  });

  section.addEventListener("change", (event) => {
    if (event.target.name !== "way") return;
    wall.rest();
    const from = { order: wall.order, view: wall.view, since: performance.now() };
    wall.order = orders[event.target.value];
    wall.flight = wall.calm.matches || units.length > FLOWN ? null : from;
    wall.look(wall.opening(wall.order));
  });

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

  const hold = () => { pressed = pointers.size ? { ...pressed, grip: grip(), view: wall.view } : null; };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" && event.button > 1) return;
    wall.rest();
    pointers.set(event.pointerId, place(event));
    canvas.setPointerCapture(event.pointerId);
    if (pointers.size === 1) pressed = { slid: false };
    if (pointers.size === 2) pressed.slid = true;
    hold();
  });

  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = place(event);
    if (!pointers.has(event.pointerId)) return choose(wall.unitAt(x, y));
    pointers.set(event.pointerId, [x, y]);
    const now = grip(), then = pressed.grip;
    if (Math.hypot(now.x - then.x, now.y - then.y) > 5) pressed.slid = true;
    if (!pressed.slid) return;
    const zoomed = then.apart ? wall.zoom(now.apart / then.apart, then.x, then.y, pressed.view) : pressed.view;
    canvas.classList.add("dragged");
    wall.look({ ...zoomed, x: zoomed.x - (now.x - then.x) / zoomed.size, y: zoomed.y - (now.y - then.y) / zoomed.size });
  });

  const release = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    const clicked = event.type === "pointerup" && pressed && !pressed.slid;
    canvas.classList.remove("dragged");
    hold();
    if (!clicked) return;
    const index = wall.unitAt(...place(event));
    // A finger shows first what it would open.
    if (event.pointerType !== "mouse" && index !== wall.chosen) return choose(index);
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
    if (!event.ctrlKey && (hidden || (out && wall.view.size <= wall.opening(wall.order).size * 1.01))) return;
    event.preventDefault();
    wall.rest();
    const lines = [1, 16, 100][event.deltaMode];
    wall.look(wall.zoom(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.002)), ...place(event)));
  }, { passive: false });
})();
