// What can be taken along of a unit: its address, and code that shows the picture elsewhere.
(() => {
  "use strict";

  const { find, findAll, say } = window.atlas;

  // A browser may have no clipboard for pages that are files: then the older way.
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const field = document.createElement("textarea"), before = document.activeElement;
      field.value = text;
      document.body.append(field);
      field.select();
      const done = document.execCommand("copy");
      field.remove();
      before?.focus();
      return done;
    }
  };

  const give = async (text, done) => {
    say(await copy(text) ? done : `This browser does not let pages copy. Here it is: ${text}`);
  };

  const address = (recipe) => {
    const page = new URL(location.href);
    page.search = recipe && `?recipe=${recipe}`;
    page.hash = "";
    return page.href;
  };

  const frame = (page) => {
    const element = document.createElement("iframe");
    element.src = new URL(page, location.href).href;
    element.title = find("h1").textContent;
    element.width = "498";
    element.height = "550";
    element.loading = "lazy";
    element.style.border = "0";
    return element.outerHTML;
  };

  findAll(".copy-link").forEach((button) => {
    button.addEventListener("click", () => give(address(button.value), "Link copied."));
  });
  findAll(".copy-embed").forEach((button) => {
    button.addEventListener("click", () => give(frame(button.value), "Code copied."));
  });
})();
