// The tray: units picked on any page, to be compared. A "+" stands on every small picture that leads
// to the page of a unit, and a button on such a page. Pages that add pictures later call
// atlas.tray.mark(element) for what is within it.
(() => {
  "use strict";

  const { find, findAll, layers, listed } = window.atlas;

  const root = new URL("..", document.currentScript.src);
  const key = `atlas-tray ${root.pathname}`;
  const onCompare = document.body.matches(".page-compare");

  // Units by their names; of each its small picture, relative to the site's root.
  let picked = new Map();

  // A browser may forbid to remember; then the tray is that of a single page.
  const memory = {
    read() { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } },
    write() { try { localStorage.setItem(key, JSON.stringify([...picked])); } catch { /* this page keeps it */ } },
  };

  const recall = () => {
    const kept = memory.read();
    const entries = Array.isArray(kept) ? kept : [];
    picked = new Map(entries.filter((entry) => Array.isArray(entry) && placeOf(entry[0]) && /^[^/:?#]+(\/[^/:?#]+)+$/.test(entry[1])));
  };

  const fromRoot = (address) => {
    const { pathname } = new URL(address, location);
    return pathname.startsWith(root.pathname) ? pathname.slice(root.pathname.length) : "";
  };

  // By the folder of a layer's units; a comparison has those of several networks.
  const byFolder = new Map(layers.map((layer) => [
    fromRoot(layer.href).replace(/layers\/([^/]+)\.html$/, "units/$1"), layer,
  ]));

  // "inception4a:225" -> what the tray calls it; null for what is no unit of this site.
  const placeOf = (name) => {
    const at = String(name).lastIndexOf(":"), layer = layers.find((each) => each.name === String(name).slice(0, at));
    return layer && /^\d+$/.test(name.slice(at + 1)) ? `${layer.short} ${Number(name.slice(at + 1))}` : null;
  };

  // The unit whose page an address is of.
  const unitAt = (address) => {
    const match = /^(.*)\/(\d+)\.html$/.exec(fromRoot(address));
    const layer = match && byFolder.get(match[1]);
    return layer ? `${layer.name}:${Number(match[2])}` : null;
  };

  const made = (tag, name, ...content) => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    if (tag === "button") element.type = "button";
    element.append(...content);
    return element;
  };

  // The bar at the bottom

  const list = made("ol", "tray-units"), said = made("p", "unseen"), compare = made("a", "tray-compare");
  const empty = made("button", "tray-empty", "Empty");
  const bar = made("aside", "tray", list, compare, empty);
  bar.setAttribute("aria-label", "Units to compare");
  bar.hidden = true;
  said.setAttribute("role", "status");
  document.body.append(bar, said);

  const address = () => {
    const query = new URLSearchParams(location.search), here = onCompare ? query : new URLSearchParams();
    if (query.get("recipe")) here.set("recipe", query.get("recipe"));
    here.set("units", [...picked.keys()].join(","));
    return `${new URL("compare.html", root)}?${here.toString().replaceAll("%2C", ",").replaceAll("%3A", ":")}`;
  };

  const draw = () => {
    const shown = onCompare ? listed((new URLSearchParams(location.search).get("units") || "").replaceAll(",", " ")) : [];
    bar.hidden = [...picked.keys()].every((name) => shown.includes(name));
    document.body.classList.toggle("with-tray", !bar.hidden);
    list.replaceChildren(...[...picked].map(([name, picture]) => {
      const image = new Image(40, 40);
      image.src = new URL(picture, root);
      image.alt = "";
      const remove = made("button", "", image, made("span", "", placeOf(name)));
      remove.setAttribute("aria-label", `Take ${placeOf(name)} out of the tray`);
      remove.title = `Take ${placeOf(name)} out`;
      remove.addEventListener("click", () => {
        take(name);
        (find("button", list) || find("main")).focus();
      });
      return made("li", "", remove);
    }));
    compare.textContent = picked.size === 1 ? "Compare 1 unit" : `Compare ${picked.size} units`;
    compare.href = address();
    for (const button of findAll("button.pick")) tell(button);
  };

  const changed = (words) => {
    memory.write();
    draw();
    said.textContent = `${words} ${picked.size === 1 ? "One unit" : `${picked.size} units`} in the tray.`;
  };

  const take = (name) => {
    if (picked.delete(name)) changed(`${placeOf(name)} taken out.`);
  };

  empty.addEventListener("click", () => {
    picked.clear();
    changed("The tray was emptied.");
    find("main").focus();
  });
  find("main").tabIndex = -1;

  // The buttons on pictures

  const tell = (button) => {
    const inside = picked.has(button.dataset.unit);
    if (button.matches(".worded")) button.textContent = inside ? "Take out of the tray" : "Add to the tray";
    button.setAttribute("aria-pressed", String(inside));
  };

  const offer = (pick, name, image) => {
    pick.dataset.unit = name;
    pick.addEventListener("click", () => {
      if (picked.has(name)) return take(name);
      picked.set(name, fromRoot(image().src));
      changed(`${placeOf(name)} added.`);
    });
    tell(pick);
    return pick;
  };

  const mark = (within) => {
    for (const link of findAll("a[href]", within)) {
      const holder = link.parentElement, image = find("img", holder);
      const name = image && holder.matches("li, td, figure") && unitAt(link.href);
      if (!name || holder.closest(".strip") || find(":scope > .pick", holder)) continue;
      const pick = made("button", "pick");
      pick.setAttribute("aria-label", `Add ${placeOf(name)} to the tray`);
      holder.classList.add("pickable");
      holder.append(offer(pick, name, () => find("img", holder)));
    }
  };

  // The page of a unit has a button of its own beside each of its pictures.
  for (const pick of findAll(".pick.worded")) {
    offer(pick, unitAt(location.href), () => {
      const small = new Image();
      small.src = find(".large img").src.replace(/(\.stage\d+)?\.webp$/, ".small.webp");
      return small;
    });
  }

  recall();
  mark(find("main"));
  draw();
  addEventListener("storage", (event) => {
    if (event.key !== key) return;
    recall();
    draw();
  });

  window.atlas.tray = { mark, draw, remove: take };
})();
