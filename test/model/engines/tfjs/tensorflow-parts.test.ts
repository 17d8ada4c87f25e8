/** Tests how recorded operations become a graph and its parts, without TensorFlow's library. */
import { describe, expect, it } from "vitest";
import {
  copyOf,
  encodeGraph,
  type Recorded,
} from "../../../../src/model/engines/tfjs/tensorflow-graph.ts";
import { cutGraph } from "../../../../src/model/engines/tfjs/tensorflow-parts.ts";

const relu = (input: number, output: number): Recorded => ({
  ...{ op: "Relu", attributes: [{ name: "T", type: 4, value: 1 }] },
  ...{ inputs: [input], outputs: [output] },
});
const host = (input: number, output: number): Recorded => ({
  compute: (values) => values.map((v) => 2 * v) as Float32Array<ArrayBuffer>,
  ...{ inputs: [input], output, shape: [1] },
});
const constant: Recorded = { output: 50, type: 1, shape: [2], values: [1, 2] };

describe("a recorded computation", () => {
  it("is one part that reads its inputs and makes its outputs", () => {
    const recorded = [relu(1, 2), copyOf(2, -1)];
    const graph = encodeGraph(recorded);
    expect([...graph.inputs]).toEqual([1]);
    const [part, ...others] = cutGraph(recorded, graph, [-1]);
    expect(others).toEqual([]);
    expect(part).toMatchObject({ reads: [1], readNames: "in1:0", makes: [-1], makeNames: "n1:0" });
  });

  it("is cut at a host operation, and passes on what later parts read, but no constant", () => {
    const recorded = [
      constant,
      ...[relu(1, 2), relu(50, 3), host(2, 4), relu(4, 5), relu(3, 6), relu(50, 7)],
      copyOf(5, -1),
    ];
    const parts = cutGraph(recorded, encodeGraph(recorded), [-1]);
    expect(parts.map(({ reads, makes }) => ({ reads, makes }))).toEqual([
      { reads: [1], makes: [2, 3] },
      { reads: [4, 3], makes: [-1] },
    ]);
    expect(parts[0]?.host).toBe(recorded[3]);
  });

  it("feeds a host operation with an input of the whole", () => {
    const recorded = [host(1, 2), host(2, 3), relu(3, 4), copyOf(4, -1)];
    const graph = encodeGraph(recorded);
    expect([...graph.inputs]).toEqual([1]);
    const parts = cutGraph(recorded, graph, [-1]);
    expect(parts.map(({ reads, makes }) => ({ reads, makes }))).toEqual([
      { reads: [], makes: [] },
      { reads: [], makes: [] },
      { reads: [3], makes: [-1] },
    ]);
  });

  it.each([
    ["a list of shapes", { ...relu(1, 2), attributes: [{ name: "s", type: 5, value: 1 }] }],
    ["text as a constant", { ...constant, type: 7 }],
  ])("is refused with %s", (_, wrong) => {
    expect(() => encodeGraph([wrong as Recorded])).toThrow(/ has (a )?type \d/);
  });

  it("is refused if it reads what is made later", () => {
    expect(() => encodeGraph([relu(2, 3), relu(1, 2)])).toThrow("made later");
  });
});
