/**
 * Builds an HTML page that needs no other file: libraries, scripts and styles are embedded, and a policy in its head
 * forbids requests to the network.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { packageFolder } from "../../io/system/package-file.ts";

const require = createRequire(import.meta.url);

/** The files of a page, in the order in which they are embedded. */
export interface PageParts {
  readonly styles: readonly string[];
  readonly scripts: readonly string[];
  /** The page's body, HTML. */
  readonly body: string;
}

export interface Library {
  readonly name: string;
  readonly version: string;
  /** The text of its licence. */
  readonly licence: string;
  readonly script: string;
  readonly style: string;
}

/** OpenSeadragon: the viewer. */
export function viewerLibrary(): Library {
  return library(require.resolve("openseadragon/package.json"), {
    licence: "LICENSE.txt",
    script: "build/openseadragon/openseadragon.min.js",
  });
}

/** uPlot: the charts. */
export function chartLibrary(): Library {
  return library(require.resolve("uplot/package.json"), {
    licence: "LICENSE",
    script: "dist/uPlot.iife.min.js",
    style: "dist/uPlot.min.css",
  });
}

/** Reads a file of this package's pages. */
export function pagePart(name: string): string {
  return readFileSync(join(packageFolder, "src/tools/html/page", name), "utf8");
}

/** The whole page. Its scripts read `data` as JSON from the element "data". */
export function pageHtml(
  title: string,
  { styles, scripts, body }: PageParts,
  libraries: readonly Library[],
  data: unknown,
): string {
  const all = {
    styles: [...libraries.map(({ style }) => style), ...styles],
    scripts: [...libraries.map(({ script }) => script), ...scripts],
  };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
${all.styles.map((style) => `<style>${style}</style>`).join("\n")}
</head>
<body>
${body}
<details id="licences"><summary>Libraries in this page</summary>
${libraries.map(licenceText).join("\n")}
</details>
<script type="application/json" id="data">${scriptJson(data)}</script>
${all.scripts.map((script) => `<script>${inScript(script)}</script>`).join("\n")}
</body>
</html>
`;
}

/** Allows images and scripts beside the page, on disk and on a server, and refuses everything else. */
const policy =
  "default-src 'none'; img-src 'self' file: data: blob:; script-src 'unsafe-inline' 'self' file:; " +
  "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

function library(
  manifest: string,
  files: { readonly licence: string; readonly script: string; readonly style?: string },
): Library {
  const read = (file: string) => readFileSync(join(dirname(manifest), file), "utf8");
  const { name, version } = JSON.parse(read("package.json")) as Pick<Library, "name" | "version">;
  return {
    name,
    version,
    licence: read(files.licence),
    // The page has no source map.
    script: read(files.script).replace(/^\/\/# sourceMappingURL=.*$/gm, ""),
    style: files.style === undefined ? "" : read(files.style),
  };
}

function licenceText({ name, version, licence }: Library): string {
  return `<h3>${escaped(name)} ${escaped(version)}</h3>\n<pre>${escaped(licence)}</pre>`;
}

/** A script's text, changed so that it cannot end its element. */
function inScript(script: string): string {
  return script.replace(/<\/(script)/gi, "<\\/$1").replaceAll("<!--", "<\\!--");
}

/** Bytes as Base64. */
export function packed(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** JSON for a script element: no "<" ends the element or opens a comment. Numbers that are not finite become null. */
export function scriptJson(data: unknown): string {
  return JSON.stringify(data)
    .replaceAll("<", "\\u003c")
    .replaceAll("\u2028", "\\u2028")
    .replaceAll("\u2029", "\\u2029");
}

/** Escapes text for an element or a quoted attribute. */
function escaped(text: string): string {
  const named: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (letter) => named[letter] as string);
}
