import { describe, expect, it } from "vitest";
import { WeightsError } from "../../../src/errors.ts";
import { type Known, readPickle, type Vocabulary } from "../../../src/model/weights/pickle.ts";

const vocabulary: Vocabulary = {
  globals: new Map<string, Known>([
    ["known pair", { call: (args) => ({ pair: args }) }],
    ["known word", {}],
  ]),
  persistent: (id) => ({ id }),
};

/** A pickle of text and bytes, between `PROTO 2` and `STOP`. */
function read(...parts: readonly (string | readonly number[])[]): unknown {
  return readPickle(assemble([0x80, 2], ...parts, "."), vocabulary);
}

function assemble(...parts: readonly (string | readonly number[])[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) => (typeof part === "string" ? [...Buffer.from(part, "latin1")] : part)),
  );
}

const text = (value: string) => `X${String.fromCharCode(value.length)}\0\0\0${value}`;

describe("reading pickles", () => {
  it.each<[string, unknown, readonly (string | readonly number[])[]]>([
    ["None", null, ["N"]],
    ["True", true, [[0x88]]],
    ["False", false, [[0x89]]],
    ["255", 255, ["K", [255]]],
    ["513", 513, ["M", [1, 2]]],
    ["-2", -2, ["J", [254, 255, 255, 255]]],
    ["1.5", 1.5, ["G", [0x3f, 0xf8, 0, 0, 0, 0, 0, 0]]],
    ["0 without digits", 0, [[0x8a, 0]]],
    ["-128 in one byte", -128, [[0x8a, 1, 0x80]]],
    ["2**40", 2 ** 40, [[0x8a, 6, 0, 0, 0, 0, 0, 1]]],
    ["'ä'", "ä", ["X", [2, 0, 0, 0, 0xc3, 0xa4]]],
    ["()", [], [")"]],
    ["(1,)", [1], ["K", [1], [0x85]]],
    ["(1, 2)", [1, 2], ["K", [1], "K", [2], [0x86]]],
    ["(1, 2, 3)", [1, 2, 3], ["K", [1], "K", [2], "K", [3], [0x87]]],
    ["((), (1,))", [[], [1]], ["((tK", [1], [0x85], "t"]],
    ["[1, 2, 3]", [1, 2, 3], ["]K", [1], "a(K", [2], "K", [3], "e"]],
    ["{'a': 1}", new Map([["a", 1]]), ["}", text("a"), "K", [1], "s"]],
    ["{'a': None}, by SETITEMS", new Map([["a", null]]), ["}(", text("a"), "Nu"]],
    ["a dict with a state, which is ignored", new Map(), ["}}", text("x"), "Nsb"]],
    ["(1, 1), remembered", [1, 1], ["(K", [1], "q", [7], "h", [7], "t"]],
    ["the same by 4 bytes", [1, 1], ["(K", [1], "r", [0, 1, 0, 0], "j", [0, 1, 0, 0], "t"]],
    ["a call", { pair: [1] }, ["cknown\npair\nK", [1], [0x85], "R"]],
    ["a persistent id", { id: [1] }, ["K", [1], [0x85], "Q"]],
  ])("returns %s", (_, expected, parts) => {
    expect(read(...parts)).toEqual(expected);
  });

  it.each(["posix.system", "os.system", "builtins.eval", "__builtin__.exec", "torch.load"])(
    "stops at %s by its name, whatever the arguments",
    (name) => {
      const [module, word] = name.split(".");
      const command = text("touch owned");
      expect(() => read(`c${module}\n${word}\n`, command, [0x85], "R")).toThrow(
        new WeightsError(
          `PyTorch file: its pickle refers to "${name}", which weights do not need; no code was executed`,
        ),
      );
    },
  );

  it.each(["constructor", "__proto__", "toString", "known pair\nx"])(
    "rejects the global %j",
    (name) => {
      expect(() => read(`c${name}\nx\n`)).toThrow(/refers to/);
    },
  );

  it.each<[string, readonly (string | readonly number[])[], RegExp]>([
    ["GLOBAL by the stack", [[0x93]], /opcode 0x93/],
    ["INST", ["(iposix\nsystem\n"], /opcode 0x69/],
    ["OBJ", ["(o"], /opcode 0x6f/],
    ["NEWOBJ", [[0x81]], /opcode 0x81/],
    ["an extension", [[0x82, 1]], /opcode 0x82/],
    ["DUP", ["N2"], /opcode 0x32/],
    ["protocol 4", [[0x80, 4]], /expected protocol 2 but found 4/],
    ["a call of a text", [text("x"), ")R"], /not callable/],
    ["a call of None", ["N)R"], /not callable/],
    ["a call of a dict", ["})R"], /not callable/],
    ["a call of a global that is none", ["cknown\nword\n)R"], /not callable/],
    ["a call without a tuple", ["cknown\npair\nNR"], /not callable/],
    ["a state of a tensor", ["cknown\npair\n)R}b"], /not a dict/],
    ["a stack that is empty", ["a"], /stack is empty/],
    ["values below a mark", ["K", [1], "(", [0x85]], /stack is empty/],
    ["a mark that was not set", ["t"], /did not open/],
    ["two values left over", ["NN"], /unused data/],
    ["a missing memo entry", ["h", [1]], /memo entry 1 is missing/],
    ["an item of None", ["NNa"], /not a list/],
    ["items of a list", ["]NNs"], /not a dict/],
    ["three items", ["}(NNNu"], /not a dict/],
    ["a text of 4 GB", ["X", [255, 255, 255, 255]], /truncated/],
    ["a text that is none", ["X", [1, 0, 0, 0, 255]], /not UTF-8/],
    ["an integer of 255 bytes", [[0x8a, 255]], /integer of 255 bytes/],
    ["a line without end", ["cposix"], /truncated/],
  ])("rejects %s", (_, parts, message) => {
    expect(() => read(...parts)).toThrow(WeightsError);
    expect(() => read(...parts)).toThrow(message);
  });

  it("rejects data after its end, and a missing end", () => {
    expect(() => readPickle(assemble("N.N"), vocabulary)).toThrow(/unused data remains at its end/);
    expect(() => readPickle(assemble("N"), vocabulary)).toThrow(/truncated/);
    expect(() => readPickle(assemble(), vocabulary)).toThrow(/truncated/);
  });

  it("rejects a pickle with too many operations", () => {
    const endless = new Uint8Array(1_000_001).fill("N".charCodeAt(0));
    expect(() => readPickle(endless, vocabulary)).toThrow(/more than 1000000 operations/);
  });

  it("reads a dict that contains itself", () => {
    const dict = read("}q", [0], text("x"), "h", [0], "s") as Map<string, unknown>;
    expect(dict.get("x")).toBe(dict);
  });
});
