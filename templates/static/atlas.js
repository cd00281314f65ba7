// What a page can do beyond being read: recipes, keys, "go to", the table, the growth, comparisons.
// Everything else works without this file.
(() => {
  "use strict";

  const find = (selector, within = document) => within.querySelector(selector);
  const findAll = (selector, within = document) => [...within.querySelectorAll(selector)];

  const layers = JSON.parse(find("#atlas-layers").textContent).map(
    ([name, short, href, units]) => ({ name, short, href, units }),
  );

  // "4a 225", "inception4a:225", "4a/225", "4a" -> {layer, unit}; null when there is no such layer.
  const parsePlace = (text) => {
    const match = /^(.*?)(?:[\s:/,#]+(\d+))?$/.exec(text.trim());
    const asked = match[1].trim().toLowerCase();
    const named = (test) => layers.find((layer) => test(layer.name.toLowerCase(), layer.short.toLowerCase()));
    const layer = asked && (named((name, short) => name === asked || short === asked) || named((name) => name.endsWith(asked)));
    return layer ? { layer, unit: match[2] === undefined ? null : Number(match[2]) } : null;
  };

  // The units of whose words, a class or a note, every one that is typed is a part.
  const named = JSON.parse((find("#atlas-words") || { textContent: "[]" }).textContent).map(
    ([layer, unit, words]) => ({ layer: layers[layer], unit, words }),
  );
  const search = (text) => {
    const asked = text.toLowerCase().split(/\s+/).filter(Boolean);
    return named.filter(({ words }) => asked.length && asked.every((word) => words.toLowerCase().includes(word)));
  };
  const MOST_FOUND = 12;

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

  const typing = (event) =>
    event.ctrlKey || event.metaKey || event.altKey || event.shiftKey ||
    event.target.closest("input, select, textarea, dialog[open]");

  const keys = () => {
    document.addEventListener("keydown", (event) => {
      if (event.defaultPrevented || typing(event)) return;
      const rel = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
      const scrolls = event.target.closest(".scroll");
      if (rel && !(scrolls && scrolls.scrollWidth > scrolls.clientWidth)) {
        const link = find(`link[rel=${rel}]`);
        if (link) location.href = link.href;
      }
      if (event.key === "/") {
        event.preventDefault();
        openGoto();
      }
    });
  };

  let openGoto = () => {};

  const goto = () => {
    const dialog = find("#goto"), input = find("#goto-input"), answer = find("#goto-answer");
    if (!dialog.showModal) return;
    openGoto = () => {
      answer.textContent = "";
      input.value = "";
      dialog.showModal();
      input.focus();
    };
    const button = find(".goto-open");
    button.addEventListener("click", openGoto);
    find(".goto-close").addEventListener("click", () => dialog.close());
    find("form", dialog).addEventListener("submit", (event) => {
      event.preventDefault();
      const place = parsePlace(input.value), found = place ? [] : search(input.value);
      const to = (layer, unit) => carried(layer.href + (unit === null ? "" : `?unit=${unit}`));
      if (found.length) {
        const list = document.createElement("ul");
        for (const { layer, unit, words } of found.slice(0, MOST_FOUND)) {
          const link = document.createElement("a");
          link.href = to(layer, unit);
          link.textContent = `${layer.short} ${unit}`;
          const item = document.createElement("li");
          item.append(link, ` ${words}`);
          list.append(item);
        }
        answer.replaceChildren(list);
        if (found.length > MOST_FOUND) answer.append(`and ${found.length - MOST_FOUND} more`);
      } else if (!place) {
        answer.textContent = `No such layer. There are ${layers.map((layer) => layer.short).join(", ")}.`;
      } else if (place.unit !== null && place.unit >= place.layer.units) {
        answer.textContent = `${place.layer.name} has units 0 to ${place.layer.units - 1}.`;
      } else {
        // The layer's page knows which of its units have a page of their own.
        location.href = to(place.layer, place.unit);
      }
    });
  };

  const unitsTable = () => {
    const table = find("table.units");
    if (!table) return;
    const body = table.tBodies[0], rows = [...body.rows];
    const asked = new URLSearchParams(location.search).get("unit");
    const found = asked !== null && document.getElementById(`u${asked}`);
    if (found) {
      const link = find("a", found);
      if (link) return location.replace(link.href);
      found.classList.add("found");
      found.scrollIntoView({ block: "center" });
    }

    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = find("button", head);
      button.addEventListener("click", () => {
        const label = button.textContent;
        const first = ["Rank", "Unit", "Branch"].includes(label) ? "ascending" : "descending";
        const other = first === "ascending" ? "descending" : "ascending";
        const order = head.getAttribute("aria-sort") === first ? other : first;
        const sign = order === "ascending" ? 1 : -1;
        heads.forEach((each) => each.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", order);
        const value = (row) => row.cells[column].textContent.trim();
        rows.sort((a, b) => label === "Branch" ? sign * value(a).localeCompare(value(b)) : sign * (parseFloat(value(a)) - parseFloat(value(b))));
        body.append(...rows);
      });
    });

    const form = find(".filter"), branched = heads.length === 7;
    const maximum = heads.findIndex((head) => head.textContent === "Max");
    const filter = () => {
      const text = form.text.value.trim().toLowerCase();
      let shown = 0;
      for (const row of rows) {
        const matches =
          (!text || row.cells[1].textContent.startsWith(text) || (isNaN(text) && row.cells[1].textContent.toLowerCase().includes(text)) || (branched && row.cells[2].textContent.toLowerCase().includes(text))) &&
          (!form.pictured.checked || find("a", row)) &&
          (!form.silent.checked || Number(row.cells[maximum].textContent) <= 0);
        row.hidden = !matches;
        shown += matches ? 1 : 0;
      }
      find("output", form).textContent = shown === rows.length ? "" : `${shown} of ${rows.length}`;
    };
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    filter();
  };

  const growth = (portrait) => {
    const player = find(".player", portrait);
    if (!player) return;
    const picture = find(".large img", portrait), frames = findAll(".film li", portrait);
    const range = find("input", player), button = find(".play", player), output = find("output", player);
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    let timer = 0;
    const show = (index) => {
      range.value = index;
      picture.src = find("img", frames[index]).src;
      const size = find("span", frames[index]).textContent;
      output.textContent = size;
      range.setAttribute("aria-valuetext", size);
      frames.forEach((frame, each) => frame.classList.toggle("now", each === index));
    };
    const stop = () => {
      clearInterval(timer);
      timer = 0;
      button.textContent = "Play";
      button.setAttribute("aria-pressed", "false");
    };
    const last = frames.length - 1;
    button.addEventListener("click", () => {
      // With reduced motion a press shows the next stage, and nothing moves by itself.
      if (calm.matches) return show(range.valueAsNumber === last ? 0 : range.valueAsNumber + 1);
      if (timer) return stop();
      if (range.valueAsNumber === last) show(0);
      button.textContent = "Pause";
      button.setAttribute("aria-pressed", "true");
      timer = setInterval(() => {
        show(range.valueAsNumber + 1);
        if (range.valueAsNumber === last) stop();
      }, 700);
    });
    range.addEventListener("input", () => {
      stop();
      show(range.valueAsNumber);
    });
    frames.forEach((frame, index) => frame.addEventListener("click", () => {
      stop();
      show(index);
    }));
    if (calm.matches) {
      button.textContent = "Next";
      button.removeAttribute("aria-pressed");
    }
  };

  const compare = () => {
    const form = find(".chooser");
    if (!form) return;
    const most = Number(form.dataset.most), table = find("table.compare");
    const boxes = findAll("input[name=layer]", form), said = find(".said", form);
    const shelf = find(".chosen-units"), scroll = find(".compare-scroll");
    const cells = new Map(findAll("td[data-unit]", table).map((cell) => [cell.dataset.unit, cell]));
    const named = new Set(layers.map((layer) => layer.name));
    const beside = form.elements.beside;
    let units = [];

    const enlarge = (image, cell) => {
      image.src = "recipes" in image.dataset ? inFolder(cell.dataset.full, /images\/([^/]+)/.exec(image.getAttribute("src"))[1]) : cell.dataset.full;
      image.width = image.height = 249;
    };

    // The recipes of a layer that stand beside each other, or the one that is shown.
    const made = new Map(findAll("th[data-layer]", table).map((head) => [head.dataset.layer, listed(head.dataset.made)]));
    const together = () => beside && beside.checked;
    const abreast = (layer) => together() ? made.get(layer) : [recipe];

    const label = (name) => {
      const words = document.createElement("small");
      words.textContent = find(`input[name=recipe][value="${name}"]`).nextSibling.textContent;
      return words;
    };

    const figure = (name, by) => {
      const cell = cells.get(name), box = document.createElement("figure");
      box.append(...[...cell.childNodes].map((node) => node.cloneNode(true)));
      present(box, by);
      enlarge(find("img", box), cell);
      find("strong", box).textContent = `${cell.dataset.short} ${find("strong", cell).textContent}`;
      if (together()) find("strong", box).after(label(by));
      const remove = document.createElement("button");
      remove.type = "button";
      remove.textContent = "Remove";
      remove.setAttribute("aria-label", `Remove ${name}`);
      remove.addEventListener("click", () => {
        units = units.filter((each) => each !== name);
        update(true);
      });
      box.append(remove);
      return box;
    };

    const chosenLayers = () => boxes.filter((box) => box.checked).map((box) => box.value);

    // A layer's columns by its recipes: every cell of it once for each, in place of the first.
    const columns = (layer) => {
      for (const cell of findAll("[data-layer]:not(.again)", table)) {
        if (cell.dataset.layer !== layer || cell.closest(".distributions")) continue;
        const again = made.get(layer).map((name) => {
          const copy = cell.cloneNode(true);
          copy.classList.add("again");
          present(copy, name);
          if (copy.tagName === "TH") copy.append(label(name));
          return copy;
        });
        cell.after(...again);
        cell.hidden = true;
      }
    };

    const update = (kept) => {
      const wide = (chosen) => chosen.reduce((sum, layer) => sum + abreast(layer).length, 0);
      const boxed = boxes.filter((box) => box.checked);
      while (boxed.length > 1 && wide(boxed.map((box) => box.value)) > most) boxed.pop().checked = false;
      const chosen = chosenLayers(), some = chosen.length > 0;
      table.classList.toggle("chosen", some && wide(chosen) <= most);
      findAll(".again", table).forEach((cell) => cell.remove());
      findAll(".distributions [data-layer]", table).forEach((cell) => { cell.colSpan = some ? abreast(cell.dataset.layer).length : 1; });
      for (const cell of findAll("[data-layer]", table)) {
        cell.hidden = some && !chosen.includes(cell.dataset.layer);
      }
      if (together()) chosen.forEach(columns);
      for (const cell of some ? findAll("td[data-full]:not([hidden])", table) : []) enlarge(find("img", cell), cell);
      boxes.forEach((box) => { box.disabled = some && !box.checked && wide([...chosen, box.value]) > most; });
      shelf.hidden = units.length === 0;
      scroll.hidden = units.length > 0 && !some;
      shelf.replaceChildren(...units.flatMap((name) => abreast(cells.get(name).dataset.layer).map((by) => figure(name, by))));
      if (kept) keep({ layers: chosen.join(","), units: units.join(","), beside: together() ? "recipes" : "" });
    };

    const add = (name) => {
      if (!cells.has(name)) return false;
      if (!units.includes(name)) units = [...units, name].slice(-most);
      return true;
    };

    const read = () => {
      const query = new URLSearchParams(location.search);
      const asked = (query.get("layers") || "").split(",").filter((name) => named.has(name)).slice(0, most);
      boxes.forEach((box) => { box.checked = asked.includes(box.value); });
      (query.get("units") || "").split(",").forEach(add);
      if (beside) beside.checked = query.get("beside") === "recipes";
      update(false);
    };

    form.addEventListener("change", (event) => {
      if (!["layer", "beside"].includes(event.target.name)) return;
      const count = chosenLayers().length;
      const wanting = together() && !count && !units.length;
      said.textContent = wanting ? "Choose a layer or a unit." : count === 1 && !together() ? "Choose another layer to compare with." : "";
      update(true);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const place = parsePlace(form.unit.value);
      const name = place && `${place.layer.name}:${place.unit}`;
      if (name && add(name)) {
        said.textContent = "";
        form.unit.value = "";
      } else {
        said.textContent = "There is no picture of that unit among those in the table.";
      }
      update(true);
    });
    find(".clear", form).addEventListener("click", () => {
      units = [];
      boxes.forEach((box) => { box.checked = false; });
      if (beside) beside.checked = false;
      said.textContent = "";
      update(true);
    });
    recipeChanged.push(() => update(false));
    read();
  };

  recipeSwitch();
  keys();
  goto();
  unitsTable();
  findAll(".portrait").forEach(growth);
  compare();
})();
