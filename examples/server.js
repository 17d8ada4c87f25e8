/**
 * A picture is sent in, and comes back restored: an HTTP server whose requests share one engine.
 *
 *   node examples/server.js [PORT]
 *   curl --data-binary @blurry.png http://localhost:8080 > restored.png
 */
import { createServer } from "node:http";
import { deblurFile, isDeblurError, openEngine, openPool } from "rx-deblur";

const [port = "8080"] = process.argv.slice(2);
const engine = await openEngine();
const pool = openPool();

const server = createServer(async (request, response) => {
  // Whoever hangs up wants nothing any more: what is under way for them ends within a tile.
  const gone = new AbortController();
  response.on("close", () => gone.abort(new Error("the client has gone")));
  try {
    const ends = { stdin: request, stdout: response };
    const limits = { maxPixels: 50_000_000 };
    await deblurFile("-", "-", limits, { engine, pool, signal: gone.signal, ...ends });
    response.end();
  } catch (error) {
    // Not a byte goes out before all of the picture is there, so the status is still ours to choose.
    if (!response.headersSent) {
      response.statusCode = isDeblurError(error, "InputError") ? 400 : 500;
      response.end(`${error.message}\n`);
    }
  }
});
server.listen(Number(port), () => console.log(`listening on ${server.address().port}`));

process.once("SIGTERM", () => {
  server.close(async () => {
    await engine.dispose();
    await pool.close();
  });
});
