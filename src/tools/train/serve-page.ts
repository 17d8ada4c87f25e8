/** A file in, the same to be looked at in a browser of this machine out, as it is at each moment. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { OptionError } from "../../errors.ts";
import { systemMessage } from "../../io/system/system-error.ts";

export interface ServedPage {
  /** http://127.0.0.1:PORT/ */
  readonly address: string;
  /** Nothing answers any more. Idempotent. */
  close(): Promise<void>;
}

/** Other machines, and pages of other names that were led here, get no answer. */
const host = "127.0.0.1";

/** Serves the file `path`, there or not yet. @throws OptionError where `port` cannot be had */
export async function servePage(path: string, port: number): Promise<ServedPage> {
  const server = createServer(async (request, response) => {
    const named = request.headers.host?.replace(/:\d+$/, "");
    if (named !== host && named !== "localhost") return void response.writeHead(403).end();
    if (request.method !== "GET" || request.url !== "/") return void response.writeHead(404).end();
    const headers = { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" };
    const page = await readFile(path).catch(() => undefined);
    if (page !== undefined) return void response.writeHead(200, headers).end(page);
    response.writeHead(503, { ...headers, refresh: "5" }).end("Nothing is logged yet.");
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  }).catch((cause: unknown) => {
    throw new OptionError(`Expected a free port for serve but ${port}: ${systemMessage(cause)}`);
  });
  // A run that is done ends, whoever still looks on.
  server.unref();
  return {
    address: `http://${host}:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
