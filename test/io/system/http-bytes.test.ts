import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { IoError, NoInputError } from "../../../src/errors.ts";
import { readInputHeader } from "../../../src/io/sources/open-input.ts";
import { openHttpBytes } from "../../../src/io/system/http-bytes.ts";
import {
  expectedOf,
  type Fixture,
  fixtures,
  height,
  openIn,
  pathOf,
  width,
} from "../sources/geotiff-fixtures.ts";

const reading = { signal: new AbortController().signal };
type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on this machine; gives its address. */
async function serve(answer: Answer): Promise<string> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/raster.tif`;
}

/** Ranges of `data`, with a log of them. */
function ranges(data: () => Uint8Array, tag: () => string, log: string[] = []): Answer {
  return ({ headers }, response) => {
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "") ?? [];
    log.push(headers.range ?? "");
    const end = Math.min(Number(to) + 1, data().length);
    response.writeHead(206, {
      "content-range": `bytes ${from}-${end - 1}/${data().length}`,
      etag: tag(),
    });
    response.end(data().subarray(Number(from), end));
  };
}

describe("over HTTP", () => {
  test("a raster is read in ranges, the same samples as from disk", async () => {
    for (const fixture of fixtures) {
      const data = await readFile(pathOf(fixture.name));
      const url = await serve(
        ranges(
          () => data,
          () => '"1"',
        ),
      );
      const source = await openIn(url);
      const rect = { x: 2, y: 3, width: width - 5, height: height - 4 };
      const { samples } = await source.read(rect, reading);
      const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
      expect(bytes.equals(Buffer.from(expectedOf(fixture, rect).buffer))).toBe(true);
      await source.close();
    }
  });

  test("blocks are fetched once, and those that follow each other in one request", async () => {
    const data = Uint8Array.from({ length: 500_000 }, (_, i) => i % 251);
    const log: string[] = [];
    const bytes = await openHttpBytes(
      await serve(
        ranges(
          () => data,
          () => '"1"',
          log,
        ),
      ),
    );
    expect(await bytes.read(100_000, 200_000)).toEqual(data.slice(100_000, 300_000));
    expect(await bytes.read(65_000, 3000)).toEqual(data.slice(65_000, 68_000));
    expect(await bytes.read(499_990, 100)).toEqual(data.slice(499_990));
    expect(await bytes.read(500_000, 10)).toEqual(new Uint8Array());
    expect(log).toEqual(["bytes=0-65535", "bytes=65536-327679", "bytes=458752-499999"]);
    await bytes.close();
  });

  test.each<[string, Answer, new (path: string, problem: string) => Error, string]>([
    ["404", (_, it) => it.writeHead(404).end(), NoInputError, "not found (HTTP 404)"],
    ["403", (_, it) => it.writeHead(403).end(), NoInputError, "permission denied (HTTP 403)"],
    [
      "the whole file",
      (_, it) => it.writeHead(200).end("x".repeat(1000)),
      IoError,
      "expected a server that answers in byte ranges but received the whole",
    ],
    [
      "a range of unknown size",
      (_, it) => it.writeHead(206, { "content-range": "bytes 0-9/*" }).end("x".repeat(10)),
      IoError,
      "expected a range of bytes but received HTTP 206",
    ],
  ])("reports an answer of %s at once", async (_, answer, kind, message) => {
    const opening = openIn(await serve(answer));
    await expect(opening).rejects.toThrow(kind);
    await expect(opening).rejects.toThrow(message);
  });

  test("a server that is busy is asked again", async () => {
    const data = await readFile(pathOf("i8-rgb"));
    const good = ranges(
      () => data,
      () => '"1"',
    );
    let calls = 0;
    const url = await serve((request, response) => {
      if (calls++ === 0) response.writeHead(503).end();
      else good(request, response);
    });
    await (await openIn(url)).close();
    expect(calls).toBeGreaterThan(1);
  });

  test("that does not answer is left when the run is stopped", async () => {
    const stop = new AbortController();
    const url = await serve(() => stop.abort(new Error("stopped")));
    await expect(openHttpBytes(url, stop.signal)).rejects.toThrow("stopped");
    await expect(
      readInputHeader(url, { maxPixels: 1, bands: undefined, signal: stop.signal }),
    ).rejects.toThrow("stopped");
  });

  test("reports a missing server after some attempts", async () => {
    await expect(openIn("http://127.0.0.1:1/a.tif")).rejects.toThrow(/cannot be reached/);
  });

  test("a file that changes while it is read is no picture", async () => {
    const fixture = fixtures.find(({ name }) => name.startsWith("f64")) as Fixture;
    const data = new Uint8Array(200_000);
    data.set(await readFile(pathOf(fixture.name)));
    let tag = '"1"';
    const bytes = await openHttpBytes(
      await serve(
        ranges(
          () => data,
          () => tag,
        ),
      ),
    );
    tag = '"2"';
    await expect(bytes.read(150_000, 10)).rejects.toThrow("changed while it was read");
    await bytes.close();
  });
});
