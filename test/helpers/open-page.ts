/** A page from the disk in a browser of the machine, and all it says and asks for. */
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { needs } from "./needs.ts";

/** Where Chromium is; undefined: there is none. */
export const chromiumPath: string | undefined = [
  process.env["CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path !== undefined && existsSync(path));

/** The `describe` and `test` of those that look at pages. */
export const inChromium = needs(
  "Chromium in /usr/bin or at the path CHROMIUM",
  chromiumPath !== undefined,
);

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath as string,
    // Containers seldom allow the sandbox; the pages are our own.
    args: ["--no-sandbox"],
  });
}

export interface OpenedPage {
  readonly page: Page;
  /** Errors and warnings of the console, errors thrown, requests that failed. */
  readonly complaints: readonly string[];
  /** Addresses asked for, data left out. */
  readonly requests: readonly string[];
}

/** Opens the page at `path`; it is closed with the browser. */
export async function openPage(
  browser: Browser,
  path: string,
  options: Parameters<Browser["newContext"]>[0] = {},
): Promise<OpenedPage> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("requestfailed", (request) => complaints.push(`failed: ${request.url().slice(0, 80)}`));
  page.on("request", (request) => {
    if (!request.url().startsWith("data:")) requests.push(request.url());
  });
  await page.goto(pathToFileURL(path).href);
  return { page, complaints, requests };
}
