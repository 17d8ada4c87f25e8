/** Lists riddles: words that the documents, and the comments and messages of src, replace by plain ones. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

const documents = [
  "README.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "DECISIONS.md",
  "examples/README.md",
  "test/bench/README.md",
  "test/fixtures/README.md",
  "weights/README.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** Each riddle, and what to write instead. */
const riddles: readonly (readonly [RegExp, string])[] = [
  [/\bwho(?:ever|mever)\b|\bnobody\b|\bsomebody\b|\bno one\b/i, "name the caller, sink, error …"],
  [
    /(?:^|[.;] )(?:All that|What (?:is|are|was|has|does|came|comes|cannot|did|fails))\b[^?]*$/,
    "name the thing",
  ],
  [/\b(?:told|tells? (?:of|nobody))\b|\bhears? of\b/i, "reported, logged, distinguished"],
  [
    /\bsa(?:y|ys|id|ying) so\b|\b(?:is|are|and|as|was|were) said\b|\bunless said\b/i,
    "reported; by default",
  ],
  [/\bin (?:a|one|its) words?\b/i, "message, in one line"],
  [
    /\bpass(?:ed|es|ing)? over\b|\b(?:pass|passes|passed) (?:tiles )?by\b(?! (?:value|reference|name|position|the caller))/i,
    "skipped",
  ],
  [/\b(?:go|goes|going|went|gone) on\b/i, "resumes, continues"],
  [/\bslopes?\b/i, "gradient"],
  [/\bdrawn\b/i, "initialised, sampled, rendered"],
  [
    /\bglanc(?:e|es|ed|ing)\b|\b(?:look|looks|looked|looking) (?:at|on|round)\b/i,
    "read the header, inspect",
  ],
  [/\bfigures\b/i, "numbers, metrics"],
  [/(?<!ground[ -])\btruth\b/i, "ground truth, sharp image"],
  [/\b(?:is|are|be|was|were) had\b|\bcannot be had\b/i, "available"],
  [/\bl(?:ie|ies|ay|ain) (?:in|beside)\b/i, "is stored in, is beside"],
  [/\b(?:that|what|who) (?:is|are) there\b|\b(?:is|are) there (?:already|yet|and)\b/i, "exists"],
  [/(?:^|[.;] )[Nn]one: /, "undefined: …"],
  [/\bas ever\b|\ball the same\b|\bnone the less\b|\blest\b|\bof one's own\b/i, "plain connective"],
  [/\b(?:has|have|had) its? turn\b|\bin its turn\b/i, "in order"],
  [/\bit knows nothing of\b|\bknows? of no\b/i, "imports no …"],
];

interface Line {
  readonly place: string;
  readonly text: string;
}

function linesOf(path: string): Line[] {
  const lines = readFileSync(join(root, path), "utf8").split("\n");
  return lines.map((text, i) => ({ place: `${path}:${i + 1}`, text }));
}

/** Inline code is a name, not English. */
const proseOf = (path: string): Line[] =>
  linesOf(path).map(({ place, text }) => ({ place, text: text.replace(/`[^`]*`/g, "`…`") }));

/** Comments and string literals of a source file. */
function wordsOf(path: string): Line[] {
  return linesOf(path).flatMap(({ place, text }) => {
    if (/^(?:import|export) .* from /.test(text) || /^\} from /.test(text)) return [];
    const [comment] = /^\s*(?:\/\*\*|\*|\/\/).*|\/\/ .*/.exec(text) ?? [];
    if (comment !== undefined) return [{ place, text: comment.replace(/^\s*[/*]+\s*/, "") }];
    const strings = [...text.matchAll(/"([^"]*)"|`([^`]*)`/g)].map(([, a, b]) =>
      (a ?? b ?? "").replace(/\$\{[^}]*\}/g, "…"),
    );
    return strings.filter((text) => text.includes(" ")).map((text) => ({ place, text }));
  });
}

function riddlesIn(lines: readonly Line[]): string[] {
  return lines.flatMap(({ place, text }) =>
    riddles.flatMap(([riddle, plain]) => {
      const found = riddle.exec(text);
      return found === null ? [] : [`${place}: "${found[0].trim()}" (${plain})`];
    }),
  );
}

/** The first comment of a file, without its marks. */
function headerOf(path: string): string {
  const [, header = ""] = /^\/\*\*(.*?)\*\//s.exec(readFileSync(join(root, path), "utf8")) ?? [];
  return header.replace(/\s*\n \* ?/g, " ").trim();
}

/** "X in, Y out": a header says what the code does instead. */
const isInAndOut = (header: string): boolean =>
  /\bin, [^.]*\bout\b|\bcomes? out\b|\bgo(?:es)? in\b|^In go\b|^[^.]*\bout\.(?:$| )/.test(header);

test.each(documents)("%s is plain", (path) => {
  expect(existsSync(join(root, path))).toBe(true);
  expect(riddlesIn(proseOf(path))).toEqual([]);
});

describe("the sources", () => {
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.[jt]s$/.test(name))
    .map((name) => join("src", name));

  test("comments and messages are plain", () => {
    expect(sources.flatMap((path) => riddlesIn(wordsOf(path)))).toEqual([]);
  });

  test("headers start with what the code does", () => {
    const wrong = sources.filter((path) => isInAndOut(headerOf(path)));
    expect(wrong.map((path) => `${path}:1: ${headerOf(path)}`)).toEqual([]);
  });
});

test("the riddles of old are found", () => {
  const old = [
    "Whoever writes to a stream hears of its errors",
    "the same command goes on where it was",
    "files are passed over",
    "None: the bundled ones",
    "an engine that cannot be had",
    "slopes of the weights",
    "the truth",
    "refused, and that is said",
  ];
  for (const text of old) expect(riddlesIn([{ place: "", text }])).not.toEqual([]);
  const plain = [
    "A hard limit; if it is too small, the error gives the minimum",
    "ground truth, passed by the caller",
    "--engine onnx runs on the processor",
  ];
  for (const text of plain) expect(riddlesIn([{ place: "", text }])).toEqual([]);
  expect(isInAndOut("The words of a command line in, what they ask for out.")).toBe(true);
  expect(isInAndOut("Resolves format, bits and quality.")).toBe(false);
});
