/**
 * Stores the ranges of the values that convs read and write, for computing with bytes. They are calibrated once on
 * images, and stored as one metadata field of the weights.
 */
import { UnavailableError, WeightsError } from "../../errors.ts";
import type { Pooling } from "../engine.ts";
import type { Metadata } from "./metadata.ts";
import { printable } from "./names.ts";

/** Contains 0 and is not empty: low ≤ 0 ≤ high, low < high. */
export type ValueRange = readonly [low: number, high: number];

export interface ConvRange {
  readonly input: ValueRange;
  readonly output: ValueRange;
}

/** The ranges of one graph. */
export interface GraphRanges {
  /** Fingerprint of the quantised convs. */
  readonly convs: string;
  /** In the order of execution. */
  readonly ranges: readonly ConvRange[];
}

/** Graphs with separate ranges; the restorer's values depend on its pooling. */
export type RangedGraph = "estimate-kernels" | `restore ${Pooling}`;

export type Int8Ranges = ReadonlyMap<RangedGraph, GraphRanges>;

/** Name of the metadata field. */
export const rangesField = "int8_ranges";

const graphs: readonly RangedGraph[] = ["estimate-kernels", "restore tlc", "restore global"];
/** An upper limit for any net. */
const mostConvs = 100_000;
const largest = 1e30;
/** Prevents scales of 0. */
const narrowest = 1e-20;

/** The field's text: {graph: [fingerprint, low, high, low, high, …]}, four numbers per conv, for input and output. */
export function formatRanges(ranges: Int8Ranges): string {
  const rows = [...ranges].map(([graph, { convs, ranges: of }]) => [
    graph,
    [convs, ...of.flatMap(({ input, output }) => [...written(input), ...written(output)])],
  ]);
  return JSON.stringify(Object.fromEntries(rows));
}

/** The range with 4 digits, still containing 0 and not empty. */
function written([low, high]: ValueRange): [number, number] {
  const digits = (value: number) => Number(value.toPrecision(4));
  const least = Math.min(0, digits(low));
  return [least, Math.max(least + narrowest, digits(high), 0)];
}

/**
 * The ranges stored in the metadata; undefined: the weights are not calibrated.
 * @throws WeightsError if the field has another format than `formatRanges` writes
 */
export function rangesIn({ [rangesField]: text }: Metadata): Int8Ranges | undefined {
  if (text === undefined) return undefined;
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (cause) {
    throw wrong(`JSON but found ${printable(text)}`, { cause });
  }
  if (typeof found !== "object" || found === null || Array.isArray(found)) {
    throw wrong(`an object but found ${printable(text)}`);
  }
  return new Map(Object.entries(found).map(([graph, row]) => [graphNamed(graph), read(row)]));
}

function graphNamed(name: string): RangedGraph {
  const graph = graphs.find((one) => one === name);
  if (graph === undefined) throw wrong(`one of ${graphs.join(", ")} but found ${printable(name)}`);
  return graph;
}

function read(row: unknown): GraphRanges {
  const [convs, ...ends]: unknown[] = Array.isArray(row) ? row : [];
  if (typeof convs !== "string" || !/^[0-9a-f]{16}$/.test(convs)) {
    throw wrong("a list that begins with 16 hex digits");
  }
  if (ends.length % 4 !== 0 || ends.length > 4 * mostConvs) {
    throw wrong(
      `four numbers per conv for at most ${mostConvs} convs but found ${ends.length} numbers`,
    );
  }
  const range = (at: number): ValueRange => {
    const [low, high] = [ends[at], ends[at + 1]];
    if (isEnd(low) && isEnd(high) && low <= 0 && high >= 0 && high - low >= narrowest) {
      return [low, high];
    }
    throw wrong(`a range around 0 but found ${printable(JSON.stringify([low, high]))}`);
  };
  const ranges = Array.from({ length: ends.length / 4 }, (_, i) => ({
    input: range(4 * i),
    output: range(4 * i + 2),
  }));
  return { convs, ranges };
}

function isEnd(value: unknown): value is number {
  return typeof value === "number" && Math.abs(value) <= largest;
}

function wrong(expected: string, options?: ErrorOptions): WeightsError {
  return new WeightsError(`expected ${rangesField} to be ${expected}`, options);
}

/**
 * The ranges of one graph.
 * @param weights the file's name for messages
 * @throws UnavailableError with the way to get them, if they are missing
 */
export function rangesOf(
  ranges: Int8Ranges | undefined,
  graph: RangedGraph,
  weights = "the weights",
): GraphRanges {
  const found = ranges?.get(graph);
  if (found) return found;
  const file = weights === "the weights" ? "FILE" : weights;
  throw new UnavailableError(
    `${weights}: no ranges for int8 (${graph}); calibrate first: deblur calibrate PICTURES --weights ${file} -o OUT.safetensors`,
  );
}

/** `metadata` without the ranges of `graph`, for weights that have changed. @throws as rangesIn */
export function withoutRanges(metadata: Metadata, graph: RangedGraph): Metadata {
  const ranges = rangesIn(metadata);
  if (!ranges?.has(graph)) return metadata;
  const others = new Map([...ranges].filter(([name]) => name !== graph));
  return { ...metadata, [rangesField]: formatRanges(others) };
}

/** The smallest ranges that contain both. */
export function widest(one: GraphRanges | undefined, other: GraphRanges): GraphRanges {
  const join = (a: ValueRange, b: ValueRange): ValueRange => [
    Math.min(a[0], b[0]),
    Math.max(a[1], b[1]),
  ];
  const ranges = other.ranges.map(({ input, output }, i) => {
    const before = one?.ranges[i];
    return before
      ? { input: join(before.input, input), output: join(before.output, output) }
      : { input, output };
  });
  return { convs: other.convs, ranges };
}
