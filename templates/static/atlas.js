// What every page can do beyond being read: the recipe that is shown, and the keys. Pages have
// scripts of their own beside this one; without any, everything is there to be read.
(() => {
  "use strict";

  const find = (selector, within = document) => within.querySelector(selector);
  const findAll = (selector, within = document) => [...within.querySelectorAll(selector)];

  const layers = JSON.parse(find("#atlas-layers").textContent).map(
    ([name, short, href, units]) => ({ name, short, href, units }),
  );

  // Names as people type them: letters and digits count, and what other programs call a layer.
  const plain = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");
  const called = layers.map(({ name, short }) =>
    [name, short, ...(name === `inception${short}` ? [`mixed${short}`] : [])].map(plain).filter(Boolean));

  // "4a 225", "inception4a:225", "mixed4a/225", "4a225", "4a" -> every {layer, unit} that can be
  // meant, the likeliest first; the unit is null where none is said.
  const places = (text) => {
    const asked = text.trim().toLowerCase(), whole = plain(asked), found = [];
    const [, head, tail] = /^(.*?)(?:[\s:/,#]+(\d+))?$/s.exec(asked);
    const said = tail === undefined ? null : Number(tail);
    const add = (unit, test) => layers.forEach((layer, index) => {
      const known = found.some((place) => place.layer === layer && place.unit === unit);
      if (!known && test(layer, called[index])) found.push({ layer, unit });
    });
    const typed = (name) => (layer) => [layer.name, layer.short].some((each) => each.toLowerCase() === name);
    add(null, typed(asked));
    add(said, typed(head));
    add(said, (_, names) => names.includes(plain(head)));
    add(null, (_, names) => names.includes(whole));
    for (let digits = 1; /^\d+$/.test(whole.slice(-digits)) && digits < whole.length; digits += 1) {
      add(Number(whole.slice(-digits)), (_, names) => names.includes(whole.slice(0, -digits)));
    }
    if (plain(head)) add(said, (_, names) => names.some((name) => name.endsWith(plain(head))));
    return found;
  };
  const parsePlace = (text) => places(text)[0] || null;

  // The address keeps what is chosen; an empty value takes a name out of it.
  const keep = (choices) => {
    const query = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(choices)) {
      if (value) query.set(name, value); else query.delete(name);
    }
    const text = query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
    history.replaceState(null, "", location.pathname + (text && `?${text}`) + location.hash);
  };

  // Recipes. A picture lies in a folder named after its recipe; what else differs is there once
  // for every recipe, and hidden for all but one: "" is what a page shows at first, each layer by
  // the recipe it is read best by. A page offers those it has pictures by; another
  // one that was chosen stays so for the pages that have it.
  const listed = (text) => (text || "").split(" ").filter(Boolean);
  const known = listed(document.body.dataset.recipes);
  const recipes = findAll("input[name=recipe]").map((input) => input.value);
  let recipe = (find("input[name=recipe]:checked") || {}).value;

  const inFolder = (address, name) => address.replace(/(^|\/)images\/[^/]+\//, `$1images/${name}/`);

  const present = (within, name) => {
    for (const image of findAll("img[data-recipes]", within)) {
      const [first, ...others] = (image.dataset.recipes || name).split(" ");
      const address = image.getAttribute("src");
      image.dataset.first ??= address;
      const wanted = name ? inFolder(address, others.includes(name) ? name : first) : image.dataset.first;
      if (wanted !== address) image.src = wanted;
    }
    for (const part of findAll("[data-recipe]", within)) {
      part.dataset.first ??= part.hidden ? "" : "shown";
      part.hidden = name ? !part.dataset.recipe.split(" ").includes(name) : !part.dataset.first;
    }
  };

  // A browser may forbid to remember, above all for pages opened as files.
  const memory = {
    read() { try { return localStorage.getItem("atlas-recipe"); } catch { return null; } },
    write(name) { try { if (name) localStorage.setItem("atlas-recipe", name); else localStorage.removeItem("atlas-recipe"); } catch { /* the links carry it */ } },
  };

  const recipeChanged = [];

  // The address of another page, with the recipe once one was chosen.
  let carried = (href) => href;

  const carry = (name) => {
    carried = (href) => {
      const [, path, query, hash] = /^([^?#]*)(\?[^#]*)?(#.*)?$/.exec(href);
      if (!path.endsWith(".html") || path.includes(":")) return href;
      const asked = new URLSearchParams(query);
      if (name) asked.set("recipe", name); else asked.delete("recipe");
      return `${path}${asked.size ? `?${asked}` : ""}${hash || ""}`;
    };
    for (const link of findAll("a[href]:not([data-own]), link[rel=prev], link[rel=next]")) {
      link.setAttribute("href", carried(link.getAttribute("href")));
    }
    keep({ recipe: name });
  };

  const show = (name) => {
    recipe = name;
    present(document, name);
    findAll("input[name=recipe]").forEach((input) => { input.checked = input.value === name; });
    recipeChanged.forEach((tell) => tell());
  };

  const recipeSwitch = () => {
    const asked = [new URLSearchParams(location.search).get("recipe"), memory.read()];
    const found = asked.find((name) => known.includes(name));
    if (found) carry(found);
    if (recipes.includes(found)) show(found);
    document.addEventListener("change", (event) => {
      if (event.target.name !== "recipe") return;
      memory.write(event.target.value);
      carry(event.target.value);
      show(event.target.value);
    });
  };

  // Whether the switch was last used by pointer. Then the arrows go on to turn pages; one who came
  // to it by Tab moves within it.
  let pointed = false;
  document.addEventListener("pointerdown", (event) => { pointed = event.target.closest(".recipes") !== null; });
  document.addEventListener("keydown", (event) => { if (event.key === "Tab") pointed = false; });

  const typing = (event) =>
    event.ctrlKey || event.metaKey || event.altKey || event.shiftKey ||
    event.target.closest(`input${pointed ? ":not([name=recipe])" : ""}, select, textarea, dialog[open]`);

  const keys = () => {
    document.addEventListener("keydown", (event) => {
      if (event.defaultPrevented || typing(event)) return;
      const rel = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
      const scrolls = event.target.closest(".scroll");
      const link = rel && !(scrolls && scrolls.scrollWidth > scrolls.clientWidth) && find(`link[rel=${rel}]`);
      if (!link) return;
      event.preventDefault();
      // A page may have something to say first.
      if (document.dispatchEvent(new CustomEvent("turn", { cancelable: true, detail: rel }))) location.href = link.href;
    });
  };

  recipeSwitch();
  keys();

  // What the scripts of single pages share.
  window.atlas = {
    find, findAll, layers, plain, called, places, parsePlace, keep, listed, inFolder, present, typing,
    carried: (href) => carried(href),
    recipe: () => recipe,
    onRecipe: (tell) => recipeChanged.push(tell),
  };
})();
