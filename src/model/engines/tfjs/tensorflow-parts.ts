/** Cuts a recorded graph at its host operations: each part runs in the library, then one loop over numbers here. */
import type { EncodedGraph, Recorded, RecordedHostOperation } from "./tensorflow-graph.ts";

/** What one run of the library reads and makes. */
export interface GraphPart {
  readonly reads: readonly number[];
  /** Names of `reads` in the graph, separated by commas; as of `makes`. */
  readonly readNames: string;
  /** What host operations and later parts read of its results; the outputs, in the last part. */
  readonly makes: readonly number[];
  readonly makeNames: string;
  /** Runs after it; undefined in the last part. */
  readonly host: RecordedHostOperation | undefined;
}

/** The parts in order. @param outputs made by the last operations */
export function cutGraph(
  recorded: readonly Recorded[],
  { names, inputs }: Pick<EncodedGraph, "names" | "inputs">,
  outputs: readonly number[],
): GraphPart[] {
  const pieces = piecesOf(recorded);
  /** The piece that makes a tensor. Constants are parts of every piece. */
  const maker = new Map<number, number>();
  const own = pieces.map(({ operations }, piece) => {
    for (const { outputs: made } of operations) for (const id of made) maker.set(id, piece);
    return new Set(operations.flatMap((one) => one.inputs));
  });
  const hosts = new Set(pieces.flatMap(({ host }) => (host ? [host.output] : [])));
  const isFrom = (id: number, piece: number) => maker.get(id) === piece;
  return pieces.map(({ host }, piece) => {
    const wanted = new Set([
      ...(host?.inputs ?? []),
      ...own.slice(piece + 1).flatMap((one) => [...one]),
    ]);
    for (const later of pieces.slice(piece + 1))
      for (const id of later.host?.inputs ?? []) wanted.add(id);
    const makes = host === undefined ? outputs : [...wanted].filter((id) => isFrom(id, piece));
    const reads = [...(own[piece] as Set<number>)].filter(
      (id) => inputs.has(id) || hosts.has(id) || (maker.get(id) ?? piece) < piece,
    );
    const listed = (ids: readonly number[]) => ids.map((id) => names.get(id)).join(",");
    return { reads, readNames: listed(reads), makes, makeNames: listed(makes), host };
  });
}

interface Piece {
  readonly operations: Extract<Recorded, { readonly op: string }>[];
  readonly host: RecordedHostOperation | undefined;
}

function piecesOf(recorded: readonly Recorded[]): Piece[] {
  const pieces: Piece[] = [];
  let operations: Piece["operations"] = [];
  for (const one of recorded) {
    if ("op" in one) operations.push(one);
    if (!("compute" in one)) continue;
    pieces.push({ operations, host: one });
    operations = [];
  }
  return [...pieces, { operations, host: undefined }];
}
