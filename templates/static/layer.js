// The table of all units of a layer: sorted, filtered, and found.
(() => {
  "use strict";

  const { find } = window.atlas;

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
        rows.sort((a, b) => label === "Branch" ? sign * value(a).localeCompare(value(b)) : sign * (parseFloat(value(a)) - parseFloat(value(b))));
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
          (!text || row.cells[1].textContent.startsWith(text) || (isNaN(text) && row.cells[1].textContent.toLowerCase().includes(text)) || (branched && row.cells[2].textContent.toLowerCase().includes(text))) &&
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

  unitsTable();
})();
