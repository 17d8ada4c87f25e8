/**
 * Sends its own process SIGNAL once it prints WORD to stdout or stderr; loaded before the command. A signal from
 * the test may arrive too late on a busy machine.
 */
import { isMainThread } from "node:worker_threads";

const { SIGNAL, WORD } = process.env;
let sent = false;

for (const stream of isMainThread ? [process.stdout, process.stderr] : []) {
  const write = stream.write.bind(stream);
  stream.write = (chunk, ...rest) => {
    const taken = write(chunk, ...rest);
    if (!sent && String(chunk).includes(WORD)) {
      sent = true;
      process.kill(process.pid, SIGNAL);
    }
    return taken;
  };
}
