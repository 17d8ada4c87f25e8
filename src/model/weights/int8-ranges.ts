/**
 * Between which values the convs of a net read and write, for computing with bytes: measured once on pictures, kept
 * as one field of the weights they belong to.
 */
import { UnavailableError, WeightsError } from "../../errors.ts";
import type { Pooling } from "../engine.ts";
import type { Metadata } from "./metadata.ts";
import { printable } from "./names.ts";

/** From at most 0 to at least 0, and not both. */
export type ValueRange = readonly [low: number, high: number];

export interface ConvRange {
  readonly input: ValueRange;
  readonly output: ValueRange;
}

/** Of the convs of one graph. */
export interface GraphRanges {
  /** Fingerprint of which convs these are. */
  readonly convs: string;
  /** In the order in which they are computed. */
  readonly ranges: readonly ConvRange[];
}

/** What is measured apart: what the restorer sees depends on its pooling. */
export type RangedGraph = "estimate-kernels" | `restore ${Pooling}`;

export type Int8Ranges = ReadonlyMap<RangedGraph, GraphRanges>;

/** The field of the metadata. */
export const rangesField = "int8_ranges";

const graphs: readonly RangedGraph[] = ["estimate-kernels", "restore tlc", "restore global"];
/** More than any net has. */
const mostConvs = 100_000;
const largest = 1e30;
/** So that no scale is 0. */
const narrowest = 1e-20;

/** The metadata's field: {graph: [fingerprint, low, high, low, high, …]}, four numbers a conv, input and output. */
export function formatRanges(ranges: Int8Ranges): string {
  const rows = [...ranges].map(([graph, { convs, ranges: of }]) => [
    graph,
    [convs, ...of.flatMap(({ input, output }) => [...written(input), ...written(output)])],
  ]);
  return JSON.stringify(Object.fromEntries(rows));
}

/** 4 digits of a range that holds 0 and is not empty. */
function written([low, high]: ValueRange): [number, number] {
  const digits = (value: number) => Number(value.toPrecision(4));
  const least = Math.min(0, digits(low));
  return [least, Math.max(least + narrowest, digits(high), 0)];
}

/**
 * The ranges that weights carry; none: they were never calibrated.
 * @throws WeightsError where the field is not one that `formatRanges` writes
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
    throw wrong(`four numbers a conv, of at most ${mostConvs}, but found ${ends.length} in all`);
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
 * Those of one graph.
 * @param weights - what messages call the file
 * @throws UnavailableError saying how to get them, where there are none
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
    `${weights}: no ranges for int8 (${graph}); first deblur calibrate PICTURES --weights ${file} -o OUT.safetensors`,
  );
}

/** `metadata` whose ranges, if it has any, are no longer those of `graph`. @throws as rangesIn */
export function withoutRanges(metadata: Metadata, graph: RangedGraph): Metadata {
  const ranges = rangesIn(metadata);
  if (!ranges?.has(graph)) return metadata;
  const others = new Map([...ranges].filter(([name]) => name !== graph));
  return { ...metadata, [rangesField]: formatRanges(others) };
}

/** What holds both, end by end. */
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
