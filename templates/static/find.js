// "Go to": a dialog that shows what is found while one types, and a unit by chance.
(() => {
  "use strict";

  const { find, findAll, layers, places, carried, typing } = window.atlas;
  const root = document.currentScript.getAttribute("src").replace(/static\/find\.js$/, "");
  const dialog = find("#goto"), input = find("#goto-input"), list = find("#goto-list");
  const said = find("#goto-said"), making = find("#goto-make"), copy = find(".goto-copy");
  if (!dialog.showModal) return;

  const MOST = 40;  // lines that are shown

  // What is searched is large: it is fetched once somebody asks for it.
  const load = (source) => new Promise((done, failed) => {
    const script = document.createElement("script");
    Object.assign(script, { src: root + source, async: false, onload: done, onerror: failed });
    document.head.append(script);
  });
  let loading = null;
  const ready = () => (loading ||= Promise.all([load("data/find.js"), load("static/search.js")]));

  // ---- A unit, or a layer, as it is shown.

  const padded = (number) => String(number).padStart(4, "0");
  const chosen = () => new URLSearchParams(location.search).get("recipe");
  const recipes = () => window.atlasIndex.recipes;

  const address = ({ layer, slug, number, folders }) => {
    if (number === undefined) return carried(layer.href);
    return carried(folders.length ? `${root}units/${slug}/${padded(number)}.html` : `${layer.href}?unit=${number}`);
  };

  const image = (unit) => {
    if (!unit) return null;
    const { slug, number, folders, tile } = unit, made = folders.map((place) => recipes()[place]);
    if (made.length) return `${root}images/${made.includes(chosen()) ? chosen() : made[0]}/${slug}/${padded(number)}.small.webp`;
    return tile ? `${root}images/tiles/${slug}/${padded(number)}.webp` : null;
  };

  const standing = ({ layer, number, rank, folders, tile }) => {
    if (number === undefined) return `${layer.units} ${layer.units === 1 ? "unit" : "units"}`;
    const picture = folders.length ? "" : tile ? ", a small picture" : ", no picture was made";
    return `rank ${rank} of ${layer.units}${picture}`;
  };

  const element = (name, text, properties = {}) => {
    const made = Object.assign(document.createElement(name), properties);
    made.textContent = text;
    return made;
  };

  const option = (each, place) => {
    const line = element("li", "", { id: `goto-${place}` });
    line.setAttribute("role", "option");
    const source = image(each.number === undefined ? window.atlas.firstOf(each.layer) : each);
    line.append(source ? element("img", "", { src: source, alt: "", width: 48, height: 48 }) : element("span", "", { className: "blank" }));
    const words = element("span", "", { className: "words" });
    words.append(element("strong", each.number === undefined ? each.layer.name : `${each.layer.short} ${each.number}`), " ",
      element("span", standing(each), { className: "rank" }));
    if (each.why) words.append(element("span", each.why.join(" · "), { className: "why" }));
    line.append(words);
    return line;
  };

  // The command that makes a picture, by the recipe that is shown or that the layer is read best by.
  const command = ({ layer, number }) => {
    const { commands, layers: described } = window.atlasIndex;
    const [, , , , , first, units, run] = described[layers.indexOf(layer)];
    const by = recipes().indexOf(chosen()), folder = run + padded(number);
    return `${commands[by < 0 ? first : by]} ${units}${number} --run ${folder} --site ${folder}-site`;
  };

  // ---- What is found, and the one of it that is meant.

  let found = [], active = 0, shown = null;

  const mark = (place) => {
    active = place;
    findAll("li", list).forEach((line, own) => line.setAttribute("aria-selected", own === place));
    const line = list.children[place], meant = found[place];
    if (line) {
      input.setAttribute("aria-activedescendant", line.id);
      line.scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
    making.hidden = !meant || meant.number === undefined || meant.folders.length > 0;
    if (making.hidden) return;
    find("strong", making).textContent = `${meant.layer.short} ${meant.number}`;
    find("code", making).textContent = command(meant);
    copy.textContent = "Copy";
  };

  const tell = (asked) => {
    if (!asked.trim()) return "";
    if (found.length) return `${found.length} found${found.length > MOST ? `, the first ${MOST} are shown` : ""}`;
    const beyond = places(asked).find(({ unit }) => unit !== null);
    if (beyond) return `${beyond.layer.name} has units 0 to ${beyond.layer.units - 1}.`;
    return `Nothing is found. The layers are ${layers.map(({ short }) => short).join(", ")}.`;
  };

  const show = async () => {
    await ready();
    shown = input.value;
    found = window.atlas.search(shown);
    list.replaceChildren(...found.slice(0, MOST).map(option));
    input.setAttribute("aria-expanded", String(found.length > 0));
    said.textContent = tell(shown);
    mark(0);
  };

  const go = (place, aside) => {
    const meant = found[place];
    if (!meant) return;
    if (aside) window.open(address(meant)); else location.href = address(meant);
  };

  // ---- Keys and hands.

  const open = () => {
    input.value = "";
    dialog.showModal();
    input.focus();
    show();
  };

  const random = async () => {
    await ready();
    const others = window.atlas.pictured().filter((unit) => new URL(address(unit), location).pathname !== location.pathname);
    if (others.length) location.href = address(others[Math.floor(Math.random() * others.length)]);
  };

  input.addEventListener("input", show);
  input.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key], lines = list.children.length;
    if (!by || !lines) return;
    event.preventDefault();
    mark((active + by + lines) % lines);
  });
  find("form", dialog).addEventListener("submit", async (event) => {
    event.preventDefault();
    if (shown !== input.value) await show();
    go(active);
  });
  list.addEventListener("click", (event) => {
    const line = event.target.closest("li"), place = [...list.children].indexOf(line);
    if (!line) return;
    // What has no picture shows first how to make it.
    if (place !== active && found[place].number !== undefined && !found[place].folders.length) mark(place);
    else go(place, event.ctrlKey || event.metaKey);
  });
  copy.addEventListener("click", async () => {
    const code = find("code", making);
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      getSelection().selectAllChildren(code);
      document.execCommand("copy");
    }
    copy.textContent = "Copied";
  });
  find(".goto-open").addEventListener("click", open);
  find(".goto-close").addEventListener("click", () => dialog.close());
  findAll(".random").forEach((button) => button.addEventListener("click", random));
  document.addEventListener("keydown", (event) => {
    const act = { "/": open, r: random }[event.key];
    if (!act || event.defaultPrevented || typing(event)) return;
    event.preventDefault();
    act();
  });
})();
