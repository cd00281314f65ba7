// What a page can do beyond being read: keys, "go to", the table, the growth, comparisons.
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
      const place = parsePlace(input.value);
      if (!place) {
        answer.textContent = `No such layer. There are ${layers.map((layer) => layer.short).join(", ")}.`;
      } else if (place.unit !== null && place.unit >= place.layer.units) {
        answer.textContent = `${place.layer.name} has units 0 to ${place.layer.units - 1}.`;
      } else {
        // The layer's page knows which of its units have a page of their own.
        location.href = place.layer.href + (place.unit === null ? "" : `?unit=${place.unit}`);
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
        rows.sort((a, b) => label === "Branch" ? sign * value(a).localeCompare(value(b)) : sign * (value(a) - value(b)));
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
          (!text || row.cells[1].textContent.startsWith(text) || (branched && row.cells[2].textContent.toLowerCase().includes(text))) &&
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

  const growth = () => {
    const player = find(".player");
    if (!player) return;
    const picture = find("#picture"), frames = findAll(".film li");
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
    const known = new Set(layers.map((layer) => layer.name));
    let units = [];

    const enlarge = (image, cell) => {
      image.src = cell.dataset.full;
      image.width = image.height = 249;
    };

    const figure = (name) => {
      const cell = cells.get(name), box = document.createElement("figure");
      box.append(...[...cell.childNodes].map((node) => node.cloneNode(true)));
      enlarge(find("img", box), cell);
      find("strong", box).textContent = `${cell.dataset.short} ${find("strong", cell).textContent}`;
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

    const update = (keep) => {
      const chosen = chosenLayers(), some = chosen.length > 0;
      table.classList.toggle("chosen", some);
      for (const cell of findAll("[data-layer]", table)) {
        cell.hidden = some && !chosen.includes(cell.dataset.layer);
        const image = some && !cell.hidden && cell.dataset.full && find("img", cell);
        if (image) enlarge(image, cell);
      }
      boxes.forEach((box) => { box.disabled = chosen.length >= most && !box.checked; });
      shelf.hidden = units.length === 0;
      scroll.hidden = units.length > 0 && !some;
      shelf.replaceChildren(...units.map(figure));
      if (!keep) return;
      const query = [];
      if (some) query.push(`layers=${chosen.map(encodeURIComponent).join(",")}`);
      if (units.length) query.push(`units=${units.map(encodeURIComponent).join(",")}`);
      history.replaceState(null, "", location.pathname + (query.length ? `?${query.join("&")}` : ""));
    };

    const add = (name) => {
      if (!cells.has(name)) return false;
      if (!units.includes(name)) units = [...units, name].slice(-most);
      return true;
    };

    const read = () => {
      const query = new URLSearchParams(location.search);
      const asked = (query.get("layers") || "").split(",").filter((name) => known.has(name)).slice(0, most);
      boxes.forEach((box) => { box.checked = asked.includes(box.value); });
      (query.get("units") || "").split(",").forEach(add);
      update(false);
    };

    form.addEventListener("change", (event) => {
      if (event.target.name !== "layer") return;
      const count = chosenLayers().length;
      said.textContent = count === 1 ? "Choose another layer to compare with." : "";
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
      said.textContent = "";
      update(true);
    });
    read();
  };

  keys();
  goto();
  unitsTable();
  growth();
  compare();
})();
