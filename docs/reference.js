/**
 * The reference as Markdown: every name that a door of the package exports, its docstring, and its declaration with
 * the docstrings of its members. It is read off the built declarations, which hold one statement after the other.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const built = fileURLToPath(new URL("../dist/src", import.meta.url));

/** The doors, by the file behind each. */
export const doors = {
  index: "rx-deblur",
  video: "rx-deblur/video",
  shards: "rx-deblur/shards",
  queue: "rx-deblur/queue",
  operators: "rx-deblur/operators",
  model: "rx-deblur/model",
  train: "rx-deblur/train",
};

const sections = { function: "Functions", const: "Constants", class: "Errors", type: "Types" };

/** A door's page. @throws Error where a name has no docstring, cannot be found, or is used and exported by no door */
export function referenceOf(door) {
  const text = textOf(door);
  const [head = ""] = /^\/\*\*.*?\*\//s.exec(text) ?? [];
  const declared = exportsOf(text).map(({ name, from }) => declarationOf(name, join(built, from)));
  const missing = declared.filter(({ doc }) => doc === "").map(({ name }) => name);
  if (missing.length > 0) throw new Error(`${door}: no docstring of ${missing.join(", ")}`);
  const parts = Object.entries(sections).flatMap(([kind, title]) => {
    const those = declared.filter((one) => one.kind === kind);
    return those.length === 0 ? [] : [`## ${title}`, ...those.map(entryOf)];
  });
  const names = new Set(declared.map(({ name }) => name));
  const others = [...new Set(declared.flatMap(({ uses }) => uses))].filter(
    (one) => !names.has(one),
  );
  if (others.length > 0) parts.push("## Of other doors", others.sort().map(linkOf).join("\n"));
  const made = "<!-- Made from the docstrings: npm run docs -->";
  return `${[`# ${doors[door]}`, made, prose(head), ...parts].join("\n\n")}\n`;
}

function textOf(door) {
  return readFileSync(join(built, `${door}.d.ts`), "utf8");
}

/** Where to read of a name that another door exports. */
function linkOf(name) {
  const door = Object.keys(doors).find((one) =>
    exportsOf(textOf(one)).some((exported) => exported.name === name),
  );
  if (door === undefined) throw new Error(`${name} is used, and no door exports it`);
  return `- \`${name}\`: [${doors[door]}](${door}.md#${name.toLowerCase()})`;
}

/** `export { a, type B } from "./file.ts"` and `export type { … }`, name by name. */
export function exportsOf(text) {
  const statements = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from "([^"]+)\.ts";$/gm)];
  return statements.flatMap(([, names, from]) =>
    names
      .split(",")
      .map((name) => name.trim().replace(/^type /, ""))
      .filter((name) => name !== "")
      .map((name) => ({ name, from: `${from}.d.ts` })),
  );
}

/** Its docstring and text; where the file takes it from another one, of that. */
function declarationOf(name, path) {
  const text = readFileSync(path, "utf8");
  const start = new RegExp(
    `^(/\\*\\*(?:(?!\\*/)[^])*\\*/\\n)?export (?:declare )?(function|const|class|interface|type) ${name}\\b`,
    "m",
  );
  const found = start.exec(text);
  if (found === null) {
    const elsewhere = exportsOf(text).find((one) => one.name === name);
    if (elsewhere === undefined) throw new Error(`${path} does not declare ${name}`);
    return declarationOf(name, join(dirname(path), elsewhere.from));
  }
  const [, doc = "", word] = found;
  const code = statement(text.slice(found.index + doc.length));
  const kind = word === "interface" ? "type" : word;
  return { name, kind, doc, code, uses: usesOf(code, text) };
}

/** The package's own types in `code`. */
function usesOf(code, text) {
  const bare = code.replace(/\/\*.*?\*\/|"[^"\n]*"/gs, "");
  const imported = [...text.matchAll(/^import (?:type )?\{([^}]*)\} from "\.[^"]*";$/gm)]
    .flatMap(([, names]) => names.split(","))
    .map((name) => name.trim().replace(/^type /, ""));
  const local = [...text.matchAll(/^(?:export )?(?:declare )?(?:interface|type) (\w+)/gm)];
  const own = new Set([...imported, ...local.map(([, name]) => name)]);
  return [...bare.matchAll(/(?<![\w.$])[A-Z]\w+/g)]
    .map(([name]) => name)
    .filter((name) => own.has(name));
}

/** Up to the end of the first statement: a semicolon or brace at its own level, the end of a line behind it. */
function statement(text) {
  let depth = 0;
  const bare = text.replace(/\/\*.*?\*\/|"[^"\n]*"/gs, (hidden) => " ".repeat(hidden.length));
  for (let at = 0; at < bare.length; at++) {
    if ("{([".includes(bare[at])) depth++;
    if ("})]".includes(bare[at])) depth--;
    if (depth === 0 && /^(?:;|\})(?:\n|$)/.test(bare.slice(at, at + 2)))
      return text.slice(0, at + 1);
  }
  throw new Error(`no end of ${text.slice(0, 80)}`);
}

function entryOf({ name, doc, code }) {
  const shown = code.replace(/^export (?:declare )?/, "");
  return `### ${name}\n\n${prose(doc)}\n\n\`\`\`ts\n${shown}\n\`\`\``;
}

/** A docstring without its stars; what it throws, gives back or takes is a paragraph of its own. */
function prose(doc) {
  return doc
    .replace(/^\/\*\*|\*\/\s*$/g, "")
    .replace(/^ *\* ?/gm, "")
    .trim()
    .replace(/\n?^ *@throws /gm, "\n**Throws** ")
    .replace(/\n?^ *@returns /gm, "\n**Returns** ")
    .replace(/\n?^ *@param (\w+) (?:- )?/gm, "\n**`$1`** ")
    .replace(/ @throws /g, " **Throws** ");
}
