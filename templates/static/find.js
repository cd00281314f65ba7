// "Go to": a layer, a unit, or a word of a class or a note.
(() => {
  "use strict";

  const { find, layers, parsePlace, carried, typing } = window.atlas;

  // The units of whose words, a class or a note, every one that is typed is a part.
  const named = JSON.parse((find("#atlas-words") || { textContent: "[]" }).textContent).map(
    ([layer, unit, words]) => ({ layer: layers[layer], unit, words }),
  );
  const search = (text) => {
    const asked = text.toLowerCase().split(/\s+/).filter(Boolean);
    return named.filter(({ words }) => asked.length && asked.every((word) => words.toLowerCase().includes(word)));
  };
  const MOST_FOUND = 12;

  const goto = () => {
    const dialog = find("#goto"), input = find("#goto-input"), answer = find("#goto-answer");
    if (!dialog.showModal) return;
    const open = () => {
      answer.textContent = "";
      input.value = "";
      dialog.showModal();
      input.focus();
    };
    const button = find(".goto-open");
    button.addEventListener("click", open);
    document.addEventListener("keydown", (event) => {
      if (event.defaultPrevented || typing(event) || event.key !== "/") return;
      event.preventDefault();
      open();
    });
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

  goto();
})();
