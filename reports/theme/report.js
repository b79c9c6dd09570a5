// What a page can do beyond showing its tables: sort, search, choose rows, find a report.
// Everything can be read without it. Text from data enters the page as textContent only.
"use strict";
(() => {
  const HERE = document.currentScript.src;
  const MOST_FOUND = 12;
  const collator = new Intl.Collator(document.documentElement.lang || "en", { numeric: true });

  /** Make an element with attributes and children. */
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  let labelled = 0;

  /** A control and the words before it, which are its name. */
  const label = (words, control) => {
    control.id = `control-${(labelled += 1)}`;
    return make("div", { class: "control" }, make("label", { for: control.id }, words), control);
  };

  /** Text as it is compared in a search: no case, no accents. */
  const folded = (text) =>
    text.normalize("NFD").replace(/\p{Diacritic}/gu, "").toLocaleLowerCase();

  const matches = (text, asked) => asked.every((word) => text.includes(word));
  const wordsOf = (text) => folded(text).split(/\s+/).filter(Boolean);

  /** What a cell sorts by: its raw value, else its text; null where there is no value. */
  const keyOf = (cell) => {
    const figure = cell.querySelector("data, [data-sort]");
    if (figure) {
      const raw = figure.dataset.sort ?? figure.value;
      const number = Number(raw);
      return Number.isNaN(number) ? raw : number;
    }
    const text = cell.textContent.trim();
    return cell.querySelector(".none") || text === "" ? null : text;
  };

  const compare = (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : collator.compare(String(a), String(b));

  /** Sort by a column; equal rows keep their order, and rows without a value stay last. */
  const sort = (table, column, descending) => {
    const body = table.tBodies[0];
    const keyed = Array.from(body.rows, (row) => [keyOf(row.cells[column]), row]);
    keyed.sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null);
      return descending ? compare(b, a) : compare(a, b);
    });
    body.append(...keyed.map(([, row]) => row));
    Array.from(table.tHead.rows[0].cells).forEach((head, n) => {
      if (n === column) head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
  };

  const makeSortable = (table) => {
    Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
      const button = make("button", { type: "button", class: "sort" }, ...head.childNodes);
      button.addEventListener("click", () =>
        sort(table, column, head.getAttribute("aria-sort") === "ascending"));
      head.append(button);
    });
  };

  const cellText = (cell) => {
    const none = cell.querySelector(".none .hidden");
    return (none || cell).textContent.replace(/^–/, "").trim();
  };

  /** A list to choose the values of one column from. */
  const makeChoice = (table, column) => {
    const rows = Array.from(table.tBodies[0].rows);
    const values = [...new Set(rows.map((row) => cellText(row.cells[column])))];
    const select = make("select", {}, make("option", { value: "" }, "All"));
    values.sort(collator.compare).forEach((value, n) =>
      select.append(make("option", { value: String(n) }, value)));
    const chosen = () => (select.value === "" ? null : values[Number(select.value)]);
    const name = table.tHead.rows[0].cells[column].textContent.trim();
    return { column, chosen, element: label(name, select) };
  };

  /** Search box and lists over a table, with a count of the rows that are left. */
  const makeFilters = (region, table) => {
    const rows = Array.from(table.tBodies[0].rows);
    const texts = rows.map((row) => folded(row.textContent));
    const columns = (region.dataset.filters || "").split(" ").filter(Boolean).map(Number);
    const choices = columns.map((column) => makeChoice(table, column));
    const controls = make("div", {
      class: "controls", role: "group", "aria-label": `Rows of: ${region.getAttribute("aria-label")}`,
    });
    const box = make("input", { type: "search", autocomplete: "off", spellcheck: "false" });
    if ("search" in region.dataset) {
      controls.append(label("Search", box));
    }
    controls.append(...choices.map((choice) => choice.element));
    const count = make("p", { class: "count", role: "status" });
    controls.append(count);
    const update = () => {
      const asked = wordsOf(box.value);
      let left = 0;
      rows.forEach((row, n) => {
        const shown = matches(texts[n], asked) && choices.every(({ column, chosen }) =>
          chosen() === null || chosen() === cellText(row.cells[column]));
        row.hidden = !shown;
        left += Number(shown);
      });
      count.textContent = `${left} of ${rows.length} rows`;
    };
    controls.addEventListener("input", update);
    update();
    region.before(controls);
  };

  for (const region of document.querySelectorAll(".table")) {
    const table = region.querySelector("table");
    if (!table || !table.tHead || !table.tBodies.length) continue;
    if ("search" in region.dataset || region.dataset.filters) makeFilters(region, table);
    if (table.tBodies[0].rows.length > 1) makeSortable(table);
  }

  /** The box over all reports; search.js says which there are: [label, kind, address]. */
  const makeSiteSearch = (place, reports) => {
    const texts = reports.map(([label, kind]) => folded(`${label} ${kind}`));
    const box = make("input", { type: "search", autocomplete: "off", spellcheck: "false" });
    const count = make("p", { class: "count", role: "status" });
    const list = make("ul", { class: "found" });
    const links = () => Array.from(list.querySelectorAll("a"));
    const show = () => {
      const asked = wordsOf(box.value);
      const found = asked.length ? reports.filter((_, n) => matches(texts[n], asked)) : [];
      list.replaceChildren(...found.slice(0, MOST_FOUND).map(([label, kind, address]) =>
        make("li", {}, make("a", { href: new URL(address, HERE).href }, make("bdi", {}, label)),
          make("span", { class: "kind" }, kind))));
      const more = found.length > MOST_FOUND ? `, the first ${MOST_FOUND} are shown` : "";
      count.textContent = asked.length
        ? `${found.length} ${found.length === 1 ? "report" : "reports"}${more}` : "";
    };
    box.addEventListener("input", show);
    place.addEventListener("keydown", (event) => {
      const all = [box, ...links()];
      const at = all.indexOf(document.activeElement);
      if (event.key === "Enter" && at === 0 && all.length > 1) all[1].click();
      else if (event.key === "Escape") {
        box.value = "";
        show();
        box.focus();
      } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        const next = at + (event.key === "ArrowDown" ? 1 : -1);
        all[(next + all.length) % all.length].focus();
      } else return;
      event.preventDefault();
    });
    place.append(label("Find a report", box), count, list);
  };

  // On a phone the menu is one line that scrolls: the page that is open comes into sight.
  const menu = document.querySelector(".menu");
  const current = menu && menu.querySelector("[aria-current]");
  if (current) menu.scrollLeft = current.offsetLeft - menu.offsetLeft - 16;

  const place = document.querySelector(".site-search");
  if (place && Array.isArray(globalThis.scorehouseSearch)) {
    makeSiteSearch(place, globalThis.scorehouseSearch);
  }
})();
