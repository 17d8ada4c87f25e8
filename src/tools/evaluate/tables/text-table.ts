/** Writes an evaluation in aligned columns, a line an image, for a terminal. */
import { type Column, columnsOf, type SetFacts, shown, summaryLines, type Table } from "./table.ts";

/** Longer names lose their beginning. */
const widestName = 40;

export function openTextTable(write: (text: string) => void): Table {
  let columns: readonly Column[] = [];
  let widths: readonly number[] = [];
  const line = (name: string, cells: readonly string[]) => {
    const [nameWidth = 0, ...rest] = widths;
    const right = cells.map((cell, i) => cell.padStart(rest[i] as number)).join("  ");
    write(`${`${cut(name).padEnd(nameWidth)}  ${right}`.trimEnd()}\n`);
  };
  let sets = 0;
  return {
    start(facts) {
      columns = columnsOf(facts);
      const names = facts.names.map((name) => cut(name).length);
      // Wide enough for a variance of 99999.9 and for the heads.
      const cells = columns.map(({ head }) => Math.max(head.length, 7));
      widths = [Math.max(7, ...names), ...cells];
      write(`${sets++ === 0 ? "" : "\n"}${factsLine(facts)}\n`);
      write(`${groupLine(columns, widths)}\n`);
      line(
        "picture",
        columns.map(({ head }) => head),
      );
    },
    picture: (score) =>
      line(
        score.name,
        columns.map((column) => shown(column.of(score), column)),
      ),
    // Standard error reports it, and the summary counts it.
    failure: () => {},
    end(summary, means) {
      if (summary.pictures > 0) {
        line(
          "mean",
          columns.map((column, i) => shown(means[i]?.value, column)),
        );
      }
      for (const text of summaryLines(summary)) write(`${text}\n`);
    },
  };
}

/** "gopro: 7 pairs; engine onnx, preset lite, tlc pooling, tile 512, halo 32" */
export function factsLine(facts: SetFacts): string {
  const { set, names, truth, align, engine, preset, tile, halo, scale } = facts;
  const noun = truth ? "pair" : "picture without ground truth";
  const plural = truth ? "pairs" : "pictures without ground truth";
  const net = preset === undefined ? engine.engine : `${engine.engine}, preset ${preset}`;
  const count = `${names.length} ${names.length === 1 ? noun : plural}`;
  const aligned = align ? ", aligned" : "";
  return `${set}: ${count}${aligned}; engine ${net}, ${engine.pooling} pooling, tile ${tile}, halo ${halo}${scale === 1 ? "" : `, scale ${scale}`}`;
}

function cut(name: string): string {
  return name.length <= widestName ? name : `…${name.slice(name.length - widestName + 1)}`;
}

/** Each group's name over its first column: right-aligned with it, or reaching over the next where it is longer. */
function groupLine(
  columns: readonly Column[],
  [nameWidth = 0, ...widths]: readonly number[],
): string {
  let line = "";
  let left = nameWidth + 2;
  for (const [i, { group }] of columns.entries()) {
    const width = widths[i] as number;
    if (columns[i - 1]?.group !== group) {
      line = line.padEnd(left + Math.max(0, width - group.length)) + group;
    }
    left += width + 2;
  }
  return line.trimEnd();
}
