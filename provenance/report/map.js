const readout = document.querySelector(".readout");
for (const map of document.querySelectorAll("table.map")) {
  const tell = (event) => {
    const cell = event.target.closest("td.cell");
    if (cell) readout.textContent = cell.title;
  };
  map.addEventListener("mouseover", tell);
  map.addEventListener("focusin", tell);
  map.addEventListener("keydown", (event) => {
    const cell = event.target.closest("td.cell");
    const [down, right] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] ?? [0, 0];
    if (!cell || !(down || right)) return;
    event.preventDefault();
    let row = cell.parentElement.rowIndex;
    let column = cell.cellIndex;
    let next;
    do {
      row += down;
      column += right;
      next = row > 0 ? map.rows[row]?.cells[column] : undefined;
    } while (next && !next.matches("td.cell, td.said"));
    if (next?.matches("td.cell")) {
      cell.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    }
  });
}
