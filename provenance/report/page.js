for (const head of document.querySelectorAll("table.sortable th")) {
  head.firstElementChild.addEventListener("click", () => {
    const body = head.closest("table").tBodies[0];
    const column = head.cellIndex;
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const order = new Intl.Collator(undefined, { numeric: true });
    const text = (row) => row.cells[column].textContent.replace(/^[^\p{L}\p{N}]+/u, "");
    const rows = [...body.rows].sort((a, b) => order.compare(text(a), text(b)));
    body.append(...(down ? rows.reverse() : rows));
  });
}
for (const filter of document.querySelectorAll("p.filter")) {
  const rows = [...filter.parentElement.querySelector("tbody").rows];
  const count = filter.lastElementChild;
  filter.hidden = false;
  filter.querySelector("input").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      const target = row.querySelector("a").getAttribute("href").slice(1);
      document.getElementById(target).hidden = row.hidden;
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = `${shown} of ${rows.length}`;
  });
}
