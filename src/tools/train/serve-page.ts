/** Serves a file to browsers of this machine, reading it at each request. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { OptionError } from "../../errors.ts";
import { systemMessage } from "../../io/system/system-error.ts";

export interface ServedPage {
  /** http://127.0.0.1:PORT/ */
  readonly address: string;
  /** Stops the server. Idempotent. */
  close(): Promise<void>;
}

/** Refuses other machines, and requests under other host names. */
const host = "127.0.0.1";

/** Serves the file `path`, which need not exist yet. @throws OptionError where `port` is taken */
export async function servePage(path: string, port: number): Promise<ServedPage> {
  const server = createServer(async (request, response) => {
    const name = request.headers.host?.replace(/:\d+$/, "");
    if (name !== host && name !== "localhost") return void response.writeHead(403).end();
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
  // Open pages do not keep a finished run alive.
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
