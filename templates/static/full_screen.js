// The picture as large as the window, each of its pixels a square of whole pixels of the screen.
(() => {
  "use strict";

  const { find, findAll } = window.atlas;

  const dialog = find(".full-screen"), bar = find("form", dialog), said = find("output", dialog);
  const image = document.createElement("img");

  const fit = () => {
    const room = Math.min(innerWidth, innerHeight - bar.offsetHeight) * devicePixelRatio;
    const times = Math.floor(room / image.naturalWidth);
    image.style.width = `${(times ? times * image.naturalWidth : room) / devicePixelRatio}px`;
  };

  const open = async (portrait) => {
    const shown = find(".large img", portrait);
    image.src = shown.src;
    image.alt = shown.alt;
    dialog.prepend(image);
    said.textContent = find(".stage-shown", portrait).textContent;
    dialog.showModal();
    await image.decode();
    fit();
  };

  findAll(".portrait").forEach((portrait) => {
    const enlarge = find(".enlarge", portrait);
    enlarge.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      open(portrait);
    });
    find(".full", portrait).addEventListener("click", () => open(portrait));
  });
  image.addEventListener("click", () => dialog.close());
  addEventListener("resize", () => { if (dialog.open) fit(); });
})();
