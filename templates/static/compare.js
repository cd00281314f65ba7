// Layers, units and recipes side by side.
(() => {
  "use strict";

  const { find, findAll, layers, parsePlace, keep, listed, inFolder, present, recipe, onRecipe } = window.atlas;

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
    const abreast = (layer) => together() ? made.get(layer) : [recipe()];

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
    onRecipe(() => update(false));
    read();
  };

  compare();
})();
