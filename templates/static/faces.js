// Units as the compare page shows them: their pictures and where these lead.
(() => {
  "use strict";

  const { find, carried } = window.atlas;

  const made = (tag, name, ...content) => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    element.append(...content);
    return element;
  };

  // Files of a unit are named by four digits.
  const pad = (unit) => String(unit).padStart(4, "0");

  // The page of a unit, or its row in the table of its layer.
  const pageOf = ({ within, folder, page, pictured }, unit) => carried(
    pictured.has(unit) ? `${within}units/${folder}/${pad(unit)}.html` : `${within}${page}?unit=${unit}`);

  // The picture of a unit in a column, else the tile that every unit has where some have.
  const pictureOf = (part, { within, folder }, unit) => {
    const own = find(`.tiles [data-unit="${unit}"] img`, part);
    if (own) return own.cloneNode();
    const image = new Image();
    image.src = `${within}images/tiles/${folder}/${pad(unit)}.webp`;
    return image;
  };

  // A small picture that is shown larger than it is gives way to the whole one.
  const sharpen = (image) => {
    const small = ".small.webp", address = image.getAttribute("src");
    if (address.endsWith(small) && image.clientWidth * devicePixelRatio > 140) {
      image.src = address.slice(0, -small.length) + ".webp";
    }
  };

  window.atlas.faces = { made, pad, pageOf, pictureOf, sharpen };
})();
