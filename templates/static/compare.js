// Layers side by side, by several recipes and of several networks, and what is most alike in them.
(() => {
  "use strict";

  const { find, findAll, parsePlace, keep, listed, present, recipe, onRecipe, cards, tray } = window.atlas;
  const { made, pad, pageOf, pictureOf, sharpen } = window.atlas.faces;

  const form = find(".chooser"), shelf = find(".blocks");
  const data = JSON.parse(find("#compare-data").textContent);
  const blocks = new Map(data.blocks.map(([key, short, network, within, folder, page, pictured], place) => [
    key, { key, short, network, within, folder, page, pictured: new Set(pictured), place },
  ]));
  for (const part of findAll("[data-block]")) {
    const kind = part.matches(".block") ? "part" : part.matches("tr") ? "row" : "line";
    blocks.get(part.dataset.block)[kind] = part;
  }
  const relatives = Object.keys(data.alike).length > 0;
  const boxes = findAll("input[name=layer]", form), beside = form.elements.beside;
  const said = find(".said", form);
  const stacked = matchMedia("(max-width: 43.99rem)");
  const chosen = { layers: [], units: [], alike: "" };
  let hinted = "";

  // Whether there are columns in which a unit can be followed.
  const comparable = () => relatives && chosen.layers.length > 1;

  // "inception4a:225" -> its block and its number; null where there is no such layer.
  const parsed = (name) => {
    const end = name.lastIndexOf(":"), block = blocks.get(name.slice(0, end));
    return block && /^\d+$/.test(name.slice(end + 1)) ? { block, unit: Number(name.slice(end + 1)) } : null;
  };

  // The unit that is followed: one that is shown in a column.
  const followedUnit = () => {
    const place = comparable() && parsed(chosen.alike);
    return place && chosen.layers.includes(place.block.key) && find(`[data-unit="${place.unit}"]`, place.block.part) ? place : null;
  };

  // Recipes

  const together = () => Boolean(beside && beside.checked);
  const abreast = (block) => together() ? listed(block.part.dataset.made) : [recipe()];
  const label = (name) => made("small", "", find(`input[name=recipe][value="${name}"]`).nextSibling.textContent);

  // A part of the page by each of some recipes: itself, or copies in its place.
  const byRecipe = (part, names) => {
    if (!together()) return [part];
    const copies = names.map((name) => {
      const copy = part.cloneNode(true);
      copy.classList.add("again");
      copy.dataset.by = name;
      present(copy, name);
      find("h2, th", copy).append(" ", label(name));
      findAll(".pick", copy).forEach((pick) => pick.remove());
      return copy;
    });
    part.after(...copies);
    if (tray) copies.forEach(tray.mark);
    part.hidden = true;
    return copies;
  };

  // Most alike

  const matches = (key, unit, place) => {
    const row = ((data.alike[key] || {})[unit] || "").split(";")[place] || "", found = [];
    const numbers = row.split(" ").filter(Boolean).map(Number);
    for (let at = 0; at < numbers.length; at += 2) {
      found.push({ unit: numbers[at], correlation: numbers[at + 1] / 100 });
    }
    return found;
  };

  const alikeFace = (part, block, unit, words) => {
    const image = pictureOf(part, block, unit);
    image.alt = "";
    image.loading = "eager";
    const link = made("a", "", image, made("span", "number", String(unit)));
    link.href = pageOf(block, unit);
    return made("li", "", link, " ", words);
  };

  // Above a column's pictures: the unit that is followed, or what answers most like it.
  const alikeIn = (part, block, followed) => {
    const list = made("ol", "alike");
    if (block === followed.block) {
      const stop = made("button", "halt", "Stop");
      stop.type = "button";
      stop.setAttribute("aria-label", `Stop following ${block.short} ${followed.unit}`);
      stop.addEventListener("click", () => follow(""));
      list.append(alikeFace(part, block, followed.unit, ""), made("li", "", "is followed ", stop));
    } else {
      for (const { unit, correlation } of matches(followed.block.key, followed.unit, block.place)) {
        list.append(alikeFace(part, block, unit, made("span", "value", correlation.toFixed(2))));
      }
      if (!list.childElementCount) list.append(made("li", "none", "No unit shown here answers like it, beyond chance."));
    }
    find("h2", part).after(list);
    if (tray) tray.mark(list);
  };

  // A picture in a column is a button that follows its unit; elsewhere it is part of the link.
  const faces = (part, block, active, followed) => {
    for (const tile of findAll(".tiles > [data-unit]", part)) {
      const link = find("a", tile), image = find("img", tile), button = find("button.face", tile);
      const unit = Number(tile.dataset.unit);
      if (active && !button) {
        const face = made("button", "face", image);
        face.type = "button";
        face.setAttribute("aria-label", `What is most like ${block.short} ${unit}`);
        face.addEventListener("click", () => follow(`${block.key}:${unit}`));
        tile.prepend(face);
      } else if (!active && button) {
        link.prepend(image);
        button.remove();
      }
      const now = find("button.face", tile);
      if (now) now.setAttribute("aria-pressed", String(Boolean(followed) && followed.block === block && followed.unit === unit));
    }
  };

  const follow = (name) => {
    chosen.alike = chosen.alike === name ? "" : name;
    said.textContent = "";
    update(true);
    const button = find(".face[aria-pressed=true]");
    if (button) button.focus({ preventScroll: true });
    if (stacked.matches) return;
    if (shelf.getBoundingClientRect().top < 0) shelf.scrollIntoView();
  };

  // Figures

  const figures = (some, keys) => {
    find(".strip-chart").hidden = !some;
    for (const block of blocks.values()) {
      const place = keys.indexOf(block.key), off = some && place < 0;
      block.row.hidden = off;
      block.line.toggleAttribute("hidden", off);
      const sign = find(".sign-place", block.row);
      sign.hidden = !some;
      if (place < 0) continue;
      const kind = place % data.signs.length;
      for (const group of [block.line, find("g", sign)]) {
        group.setAttribute("class", `series${kind + 1}`);
        const mark = find(".sign", group);
        mark.setAttribute("d", (mark.dataset.at || "M15 7") + data.signs[kind]);
      }
    }
    if (some) keys.forEach((key) => byRecipe(blocks.get(key).row, abreast(blocks.get(key))));
  };

  // Units

  const removeUnit = (name) => {
    chosen.units = chosen.units.filter((each) => each !== name);
    if (tray) tray.remove(name);
    update(true);
    (find(".cards-beside .remove") || form.unit).focus();
  };

  // The cards of a unit: one, or one by each recipe.
  const cardsOf = (text, name) => {
    const { block, unit } = parsed(name);
    return abreast(block).map((by) => {
      const part = cards.draw(text, block.within), remove = made("button", "remove", "Remove");
      if (by !== undefined) present(part, by);
      if (together()) find("h3", part).append(" ", label(by));
      if (block.network) find("h3 a", part).prepend(`${block.network} `);
      remove.type = "button";
      remove.setAttribute("aria-label", `Remove ${block.short} ${unit}`);
      remove.addEventListener("click", () => removeUnit(name));
      find("h3", part).after(remove);
      if (tray) tray.mark(part);
      return part;
    });
  };

  let asked = "";

  const showUnits = async () => {
    const now = JSON.stringify([chosen.units, together(), recipe()]);
    find(".units-beside").hidden = !chosen.units.length;
    if (asked === now) return;
    asked = now;
    const texts = await Promise.all(chosen.units.map((name) => {
      const { block, unit } = parsed(name);
      return cards.load(`${block.within}cards/${block.folder}/${pad(unit)}.js`);
    }));
    if (asked !== now) return;
    find(".cards-beside").replaceChildren(...chosen.units.flatMap((name, place) => texts[place] ? cardsOf(texts[place], name) : []));
    hint();
  };

  // All together

  // What cannot be seen yet, or what can be done next, where there is nothing else to say.
  const hint = () => {
    if (said.textContent && said.textContent !== hinted) return;
    const over = [find(".blocks-scroll"), find(".units-beside .scroll")].some((part) =>
      getComputedStyle(part).overflowX === "auto" && part.scrollWidth > part.clientWidth + 1);
    const followed = followedUnit(), words = [];
    if (over) words.push("There is more to the right: scroll sideways.");
    if (followed) words.push(`Most like ${followed.block.short} ${followed.unit}: on top of each layer, with the correlation of their responses to the same images.`);
    else if (comparable()) words.push("Choose a picture to see what answers most like it in the other layers.");
    said.textContent = hinted = words.join(" ");
  };

  const update = (kept) => {
    const some = chosen.layers.length > 0, units = chosen.units.length > 0;
    const followed = followedUnit();
    boxes.forEach((box) => { box.checked = chosen.layers.includes(box.value); });
    findAll(".again, .alike", find(".all-layers")).forEach((part) => part.remove());
    findAll(".again", find(".strip")).forEach((part) => part.remove());
    find(".clear", form).hidden = !some && !units && !together();
    find(".presets").hidden = some || units;
    find(".all-layers").hidden = find(".strip").hidden = units && !some;
    find("#layers-title").hidden = some;
    find(".lacking").hidden = !some || relatives;
    const columns = [];
    for (const block of blocks.values()) {
      block.part.hidden = some && !chosen.layers.includes(block.key);
      faces(block.part, block, comparable(), followed);
      if (!some || block.part.hidden) continue;
      // Copies are made of links; their buttons come after, with what they do.
      if (together()) faces(block.part, block, false);
      for (const part of byRecipe(block.part, abreast(block))) {
        faces(part, block, comparable(), followed);
        if (followed) alikeIn(part, block, followed);
        columns.push(part);
      }
    }
    shelf.classList.toggle("chosen", some);
    shelf.classList.toggle("many", columns.length > data.abreast);
    find(".blocks-scroll").tabIndex = columns.length > data.abreast ? 0 : -1;
    figures(some, chosen.layers);
    columns.forEach((part) => findAll("img", part).forEach(sharpen));
    if (kept) {
      keep({ layers: chosen.layers.join(","), units: chosen.units.join(","), beside: together() ? "recipes" : "", alike: followed ? chosen.alike : "" });
    }
    if (tray) tray.draw();
    showUnits();
    hint();
  };

  const add = (name) => {
    const place = parsed(name);
    if (!place || !place.block.pictured.has(place.unit)) return false;
    if (!chosen.units.includes(name)) chosen.units.push(name);
    return true;
  };

  const read = () => {
    const query = new URLSearchParams(location.search);
    const names = (name) => (query.get(name) || "").split(",").filter(Boolean);
    const asked = names("layers");
    chosen.layers = [...blocks.keys()].filter((key) => asked.includes(key));
    const lost = [...asked.filter((key) => !blocks.has(key)), ...names("units").filter((name) => !add(name))];
    chosen.alike = query.get("alike") || "";
    if (beside) beside.checked = query.get("beside") === "recipes";
    if (chosen.alike && !followedUnit()) lost.push(chosen.alike);
    if (lost.length) said.textContent = `Not shown, as there is no picture: ${lost.join(", ")}.`;
    update(false);
    // On a small screen the layers lie in a row that scrolls.
    for (const row of findAll(".chips", form)) {
      const first = find("input:checked", row);
      if (first) row.scrollLeft = first.parentElement.offsetLeft - row.offsetLeft - 16;
    }
  };

  form.addEventListener("change", (event) => {
    if (!["layer", "beside"].includes(event.target.name)) return;
    chosen.layers = boxes.filter((box) => box.checked).map((box) => box.value);
    said.textContent = "";
    if (together() && !chosen.layers.length && !chosen.units.length) said.textContent = "Choose a layer or a unit.";
    else if (chosen.layers.length === 1 && !together()) said.textContent = "Choose another layer to compare with.";
    update(true);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const place = parsePlace(form.unit.value);
    const named = place && place.unit !== null;
    said.textContent = "";
    if (named && add(`${place.layer.name}:${place.unit}`)) form.unit.value = "";
    else said.textContent = named ? `There is no picture of ${place.layer.short} ${place.unit} to compare.` : `A unit is written like ${form.unit.placeholder.replace(/^\S+ /, "")}.`;
    update(true);
  });
  find(".clear", form).addEventListener("click", () => {
    Object.assign(chosen, { layers: [], units: [], alike: "" });
    if (beside) beside.checked = false;
    said.textContent = "";
    update(true);
    boxes[0].focus();
  });
  onRecipe(() => update(false));
  addEventListener("resize", hint);
  read();
  document.documentElement.classList.remove("arriving");
})();
