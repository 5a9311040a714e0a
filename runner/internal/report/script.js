// What a report does when scripts may run: tables are sorted by their heads, plots
// tell the value under the pointer, or, with the arrow keys, one after the other.
// Without it everything is there to be read.
"use strict";

const comma = document.documentElement.lang === "de"; // decimal commas, points between thousands

// number returns what a cell says, without unit and whatever follows; NaN for text.
function number(cell) {
  let text = cell.replace(/\u2212/g, "-").replace(/^[<>]\s*/, "");
  text = comma ? text.replace(/\.(?=\d{3})/g, "").replace(",", ".") : text.replace(/,(?=\d{3})/g, "");
  return /^[-+]?\d/.test(text) ? parseFloat(text) : NaN;
}

// A row of sums, whose name is bold and no number, stays at the end.
function isSum(row) {
  const name = row.cells[0];
  const bold = name.querySelector("strong");
  return bold !== null && bold.textContent === name.textContent && !/\d/.test(name.textContent);
}

function sortable(table) {
  const body = table.tBodies[0];
  const rows = body ? [...body.rows] : [];
  const sums = [];
  while (rows.length > 0 && isSum(rows[rows.length - 1])) sums.unshift(rows.pop());
  if (rows.length < 4) return; // seen at a glance
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (head.tagName !== "TH") return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    const text = (row) => row.cells[column].textContent.trim();
    button.addEventListener("click", () => {
      const given = rows.map(text).filter((t) => t !== "" && t !== "\u2013");
      const numeric = given.length > 0 && given.every((t) => !isNaN(number(t)));
      // Numbers begin with the largest, names with the first.
      const now = head.getAttribute("aria-sort");
      const down = now === null ? numeric : now === "ascending";
      heads.forEach((h) => h.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = (row) => (numeric ? number(text(row)) : text(row));
      const empty = (v) => v === "" || v === "\u2013" || Number.isNaN(v);
      const sorted = [...rows].sort((a, b) => {
        const x = value(a), y = value(b);
        if (empty(x) || empty(y)) return empty(x) - empty(y);
        const order = numeric ? x - y : x.localeCompare(y, document.documentElement.lang, { numeric: true });
        return down ? -order : order;
      });
      body.append(...sorted, ...sums);
    });
  });
}

document.querySelectorAll("table").forEach(sortable);

// value is the one tooltip of the page, told its text to those who do not see it.
const value = document.createElement("div");
value.id = "value";
value.hidden = true;
const said = document.createElement("div");
said.className = "unseen";
said.setAttribute("aria-live", "polite");
const hint = document.createElement("p");
hint.className = "unseen";
hint.id = "hint";
hint.textContent = document.body.dataset.hint;
document.querySelector("main").append(hint, value, said);

let shown = null;
function show(mark) {
  if (shown) shown.classList.remove("mark");
  shown = mark;
  value.hidden = !mark;
  if (!mark) return;
  mark.classList.add("mark");
  value.textContent = mark.dataset.value;
  const box = mark.getBoundingClientRect();
  const left = Math.min(box.left + box.width / 2 + 10, document.documentElement.clientWidth - value.offsetWidth - 8);
  const above = box.top - value.offsetHeight - 6;
  value.style.left = Math.max(left, 8) + window.scrollX + "px";
  value.style.top = (above < 4 ? box.bottom + 6 : above) + window.scrollY + "px";
}

document.querySelectorAll("main svg").forEach((plot) => {
  const marks = [...plot.querySelectorAll("title")].map((title) => {
    const mark = title.parentNode;
    mark.dataset.value = title.textContent;
    title.remove(); // else browsers show it too
    return mark;
  });
  if (marks.length === 0) return;
  plot.setAttribute("tabindex", "0");
  plot.setAttribute("aria-describedby", "hint");
  plot.addEventListener("pointerover", (event) => show(event.target.dataset.value ? event.target : null));
  plot.addEventListener("pointerleave", () => show(null));
  plot.addEventListener("blur", () => show(null));
  plot.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") show(null);
    if (!step) return;
    event.preventDefault();
    const at = marks.indexOf(shown);
    show(marks[at < 0 ? (step > 0 ? 0 : marks.length - 1) : (at + step + marks.length) % marks.length]);
    said.textContent = value.textContent;
  });
});

// What is wider than the screen can be reached, and scrolled, by the keyboard.
const fitted = new ResizeObserver((entries) => entries.forEach(({ target }) => {
  if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
  else target.removeAttribute("tabindex");
}));
document.querySelectorAll("figure, .table").forEach((wide) => fitted.observe(wide));

// What is folded is printed too.
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  folded.forEach((d) => (d.open = true));
});
addEventListener("afterprint", () => folded.forEach((d) => (d.open = false)));
