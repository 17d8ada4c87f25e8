/**
 * A look at the chain of directories before a parser sees it: every size is checked against the file, so
 * that no table, value or loop can ask for more memory or time than the file is worth.
 */
import type { Bytes } from "../../../system/bytes.ts";

/** More than any real file has. */
const mostEntries = 4096;
/** Pictures beyond these are never asked for. */
const mostDirectories = 128;
const mostValueBytes = 2 ** 28;

/** Bytes of a value by the type's number (TIFF 6.0, BigTIFF); 0: no such type. */
const sizes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

/** A view of bytes in the order of the file. */
interface Table {
  readonly view: DataView;
  readonly little: boolean;
  readonly big: boolean;
}

/**
 * How many directories follow each other, `mostDirectories` at most.
 * @throws Error saying in a few words what is wrong with them
 */
export async function countDirectories(bytes: Bytes): Promise<number> {
  const header = await headerOf(bytes);
  const visited = new Set<number>();
  // Twice, because directories may share values.
  const budget = { bytes: Math.min(2 * bytes.size, mostValueBytes) };
  let at = pointer(header, header.big ? 8 : 4);
  while (at !== 0 && visited.size < mostDirectories) {
    if (visited.has(at)) throw new Error("its directories form a loop");
    visited.add(at);
    at = await checkDirectory(bytes, header, at, budget);
  }
  if (visited.size === 0) throw new Error("it has no directory");
  return visited.size;
}

async function headerOf(bytes: Bytes): Promise<Table> {
  const start = await bytes.read(0, 16);
  const view = new DataView(start.buffer);
  const mark = start.length < 8 ? "" : String.fromCharCode(...start.subarray(0, 2));
  if (mark !== "II" && mark !== "MM") throw new Error("it is no TIFF");
  const little = mark === "II";
  const version = view.getUint16(2, little);
  if (version !== 42 && version !== 43) throw new Error("it is no TIFF");
  const big = version === 43;
  if (big && (start.length < 16 || view.getUint16(4, little) !== 8)) {
    throw new Error("its header is damaged");
  }
  return { view, little, big };
}

/** Checks one directory and answers where the next one is, 0 for nowhere. */
async function checkDirectory(
  bytes: Bytes,
  { little, big }: Table,
  at: number,
  budget: { bytes: number },
): Promise<number> {
  const countBytes = big ? 8 : 2;
  const entryBytes = big ? 20 : 12;
  const count = await tableAt(bytes, at, countBytes, { little, big });
  const entries = big
    ? Number(count.view.getBigUint64(0, little))
    : count.view.getUint16(0, little);
  if (entries > mostEntries) throw new Error(`a directory has ${entries} entries`);
  const size = entries * entryBytes;
  const table = await tableAt(bytes, at + countBytes, size, { little, big });
  for (let entry = 0; entry < size; entry += entryBytes) {
    const type = table.view.getUint16(entry + 2, little);
    const valueBytes = sizes[type] || Number.NaN;
    const values = big
      ? Number(table.view.getBigUint64(entry + 4, little))
      : table.view.getUint32(entry + 4, little);
    const total = values * valueBytes;
    if (Number.isNaN(total)) throw new Error(`an entry has the type ${type}, which is none`);
    if (total <= (big ? 8 : 4)) continue;
    const from = pointer(table, entry + (big ? 12 : 8));
    if (from + total > bytes.size) throw new Error("an entry points past the end of the file");
    budget.bytes -= total;
    if (budget.bytes < 0) throw new Error("its entries hold more bytes than the file");
  }
  // Without a link, as some writers leave it at the very end, there is no next one.
  const link = await bytes.read(at + countBytes + size, big ? 8 : 4);
  if (link.length < (big ? 8 : 4)) return 0;
  return pointer({ view: new DataView(link.buffer), little, big }, 0);
}

async function tableAt(
  bytes: Bytes,
  at: number,
  length: number,
  form: Pick<Table, "little" | "big">,
): Promise<Table> {
  if (at + length > bytes.size) throw new Error("a directory reaches past the end of the file");
  return { view: new DataView((await bytes.read(at, length)).buffer), ...form };
}

function pointer({ view, little, big }: Table, at: number): number {
  return big ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little);
}
