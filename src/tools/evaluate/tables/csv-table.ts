/** Writes an evaluation as comma-separated values (RFC 4180 with \n): a line an image, without means and failures. */
import { type Column, columnsOf, type Table } from "./table.ts";

export function openCsvTable(write: (text: string) => void): Table {
  let columns: readonly Column[] = [];
  let head = "";
  let set = "";
  const line = (cells: readonly string[]) => `${cells.map(quoted).join(",")}\n`;
  return {
    start(facts) {
      set = facts.set;
      // All columns an image can have: sets with and without ground truth share one table.
      const both = [true, false].flatMap((truth) => columnsOf({ ...facts, truth, kernels: true }));
      columns = [...new Map(both.map((column) => [column.key, column])).values()];
      if (head !== "") return;
      head = line(["set", "picture", "width", "height", ...columns.map(({ key }) => key)]);
      write(head);
    },
    picture: (score) => {
      const { name, width, height } = score;
      const values = columns.map((column) => String(column.of(score) ?? ""));
      write(line([set, name, `${width}`, `${height}`, ...values]));
    },
    failure: () => {},
    end: () => {},
  };
}

function quoted(cell: string): string {
  return /[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
