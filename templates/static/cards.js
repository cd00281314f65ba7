// What a unit shows beside others lies in a script of its own, which is run when it is asked for: a
// page opened from the disk may run scripts that lie beside it, but read no other file.
(() => {
  "use strict";

  const { findAll, carried } = window.atlas;

  const cards = new Map();
  let arrived = null;

  // Every such script calls this with a piece of a page.
  window.atlas.card = (text) => { arrived = text; };

  // The text of a card, once; null where there is none.
  const load = (address) => {
    if (!cards.has(address)) {
      cards.set(address, new Promise((resolve) => {
        const script = document.createElement("script");
        script.src = address;
        script.addEventListener("load", () => resolve(arrived));
        script.addEventListener("error", () => resolve(null));
        document.head.append(script);
      }));
    }
    return cards.get(address);
  };

  // A card as an element. Its addresses are those of its own site, which lies `within` a folder.
  const draw = (text, within) => {
    const part = new DOMParser().parseFromString(text, "text/html").body.firstElementChild;
    for (const attribute of ["src", "href"]) {
      for (const element of findAll(`[${attribute}]`, part)) {
        element.setAttribute(attribute, carried(within + element.getAttribute(attribute)));
      }
    }
    return part;
  };

  window.atlas.cards = { load, draw };
})();
