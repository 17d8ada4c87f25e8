// Formats numbers and makes elements, for the whole page.

/** "12.34", on request with a sign; "∞"; "–" for a missing value. */
function shown(value, digits, signed = false) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const size = Math.abs(Number(value));
  const text = Number.isFinite(size) ? size.toFixed(digits) : "∞";
  const zero = Number(text) === 0;
  return `${value < 0 && !zero ? "−" : signed && !zero ? "+" : ""}${text}`;
}

/** Three significant digits: 0.0123, 4.57, 1234, 1.2e-6. */
function plain(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3) return value.toExponential(1).replace("-", "−");
  return value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(size)))).replace(/^-/, "−");
}

/** An element with its content, which is text, never markup. */
function element(name, content = "", attributes = {}) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...[content].flat());
  return made;
}

/** Rows of a list of labels and values. */
function describe(list, rows) {
  list.replaceChildren(
    ...rows.flatMap(([label, fact]) => [element("dt", label), element("dd", fact)]),
  );
}

function bytesOf(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** A colour of the page, by its name. */
function colourOf(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
