// Makes a table that can be sorted by each column, with rows that can be picked.

/**
 * columns: {head, title, of(row), show(row), worst: "high" | "low"}; the first column holds the picking button.
 * Returns {pick(row), step(by)}.
 */
function openTable(table, { columns, rows, first, limit = 200, onPick }) {
  let order = first;
  let falling = columns[first].worst !== "low";
  let sorted = [];
  let picked;
  const lines = new Map();

  function put() {
    const { of } = columns[order];
    const key = (row) => of(row) ?? Number.NaN;
    const compare = (a, b) => {
      const [x, y] = [key(a), key(b)];
      if (typeof x === "string") return falling ? y.localeCompare(x) : x.localeCompare(y);
      // Missing values come last.
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
      return falling ? y - x : x - y;
    };
    sorted = [...rows].sort(compare);
    lines.clear();
    const heads = columns.map(({ head, title, worst }, i) => {
      const mark = i === order ? (falling ? " ▾" : " ▴") : "";
      const button = element("button", head + mark, { type: "button", title: title ?? "" });
      button.addEventListener("click", () => {
        falling = i === order ? !falling : worst !== "low";
        order = i;
        put();
        table.querySelectorAll("thead button")[i].focus();
      });
      const sort = i === order ? (falling ? "descending" : "ascending") : "none";
      return element("th", button, { scope: "col", "aria-sort": sort });
    });
    const body = element("tbody");
    for (const row of sorted.slice(0, limit)) {
      const line = element("tr");
      for (const [i, column] of columns.entries()) {
        const cell = column.show(row);
        if (i > 0) {
          line.append(element("td", cell));
          continue;
        }
        const button = element("button", cell, { type: "button" });
        button.addEventListener("click", () => pick(row));
        line.append(element("td", button));
      }
      lines.set(row, line);
      body.append(line);
    }
    table.replaceChildren(element("thead", element("tr", heads)), body);
    mark();
  }

  function mark() {
    for (const [row, line] of lines) line.classList.toggle("picked", row === picked);
  }

  function pick(row) {
    picked = row;
    mark();
    const line = lines.get(row);
    const box = line?.closest(".tall");
    // Scrolls the list, never the page.
    if (
      box &&
      (line.offsetTop < box.scrollTop + 40 ||
        line.offsetTop > box.scrollTop + box.clientHeight - 40)
    )
      box.scrollTop = line.offsetTop - box.clientHeight / 2;
    onPick(row);
  }

  put();
  return {
    pick,
    step(by) {
      const at = sorted.indexOf(picked);
      const to = at < 0 ? 0 : Math.min(sorted.length - 1, Math.max(0, at + by));
      if (sorted[to]) pick(sorted[to]);
    },
  };
}
