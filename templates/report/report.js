"use strict";

// A table of people has a body for each person, others have a row for each entry.
function entries(table) {
  return table.classList.contains("people") ? [...table.tBodies] : [...table.tBodies[0].rows];
}

function value(entry, column, isNumber) {
  const row = entry.rows ? entry.rows[0] : entry;
  const cell = row.cells[column];
  const text = cell.dataset.value ?? cell.textContent;
  if (!isNumber) return text.trim();
  const number = Number.parseFloat(text.replaceAll(",", ""));
  return Number.isNaN(number) ? Number.NEGATIVE_INFINITY : number;
}

const letters = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

function compare(one, other) {
  if (typeof one === "number") return one - other;
  // What has no value comes last.
  if (one === "" || other === "") return (one === "") - (other === "");
  return letters.compare(one, other);
}

function sort(table, header) {
  const isUp = header.getAttribute("aria-sort") !== "ascending";
  for (const other of table.tHead.rows[0].cells) {
    if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
  }
  header.setAttribute("aria-sort", isUp ? "ascending" : "descending");
  const isNumber = header.dataset.sort === "number";
  const keyed = entries(table).map((entry) => [value(entry, header.cellIndex, isNumber), entry]);
  keyed.sort((one, other) => (isUp ? compare(one[0], other[0]) : compare(other[0], one[0])));
  const parent = keyed.length > 0 ? keyed[0][1].parentNode : table;
  parent.append(...keyed.map((pair) => pair[1]));
}

function search(input) {
  const table = document.getElementById(input.dataset.for);
  const output = input.nextElementSibling;
  let texts = null;
  input.addEventListener("input", () => {
    texts ??= entries(table).map((entry) => [entry, entry.textContent.toLowerCase()]);
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const [entry, text] of texts) {
      const fits = words.every((word) => text.includes(word));
      entry.hidden = !fits;
      if (fits) found += 1;
    }
    output.textContent =
      words.length > 0 ? `${found} of ${texts.length} ${table.dataset.noun}` : "";
  });
}

for (const header of document.querySelectorAll("th[data-sort]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...header.childNodes);
  header.append(button);
  header.setAttribute("aria-sort", "none");
  button.addEventListener("click", () => sort(header.closest("table"), header));
}
for (const input of document.querySelectorAll("input[data-for]")) {
  input.parentElement.hidden = false;
  search(input);
}

// Browsers that do not know ::details-content print only what is open.
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  for (const details of opened) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of opened) details.open = false;
});
