// ← and → go from unit to unit, and ask before they leave the layer: the same key again does.
(() => {
  "use strict";

  const { find, say, said } = window.atlas;

  document.addEventListener("turn", (event) => {
    const { leaving } = find(`.steps a[rel=${event.detail}]`).dataset;
    if (!leaving || said() === leaving) return;
    event.preventDefault();
    say(leaving);
  });
})();
