/** Writes an evaluation as Markdown tables, for a README or a report. */
import { type Column, columnsOf, shown, summaryLines, type Table } from "./table.ts";
import { factsLine } from "./text-table.ts";

export function openMarkdownTable(write: (text: string) => void): Table {
  let columns: readonly Column[] = [];
  const row = (cells: readonly string[]) =>
    write(`| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`);
  let sets = 0;
  return {
    start(facts) {
      columns = columnsOf(facts);
      write(`${sets++ === 0 ? "" : "\n"}${factsLine(facts)}\n\n`);
      row(["picture", ...columns.map(({ group, head }) => `${group} ${head}`.trim())]);
      row(["---", ...columns.map(() => "---:")]);
    },
    picture: (score) =>
      row([score.name, ...columns.map((column) => shown(column.of(score), column))]),
    failure: (name) => row([name, "failed", ...columns.slice(1).map(() => "")]),
    end(summary, means) {
      const bold = (text: string) => `**${text}**`;
      if (summary.pictures > 0) {
        const cells = columns.map((column, i) => bold(shown(means[i]?.value, column)));
        row([bold("mean"), ...cells]);
      }
      for (const text of summaryLines(summary)) write(`\n${text}\n`);
    },
  };
}
