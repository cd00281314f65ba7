// A short message at the edge of the window, which screen readers speak and which goes by itself.
(() => {
  "use strict";

  const { find } = window.atlas;

  const place = find(".told");
  let timer = 0;

  window.atlas.say = (text) => {
    clearTimeout(timer);
    place.textContent = text;
    timer = setTimeout(() => { place.textContent = ""; }, 6000);
  };
  window.atlas.said = () => place.textContent;
})();
