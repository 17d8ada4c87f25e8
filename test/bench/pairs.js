/**
 * Training pairs a second, by patch size and threads, from pictures in a folder.
 *   npm run build && node test/bench/pairs.js FOLDER [PAIRS]
 */
import { availableParallelism } from "node:os";
import { openPool, openTrainingPairs } from "../../dist/src/train.js";

const [folder, count = "200"] = process.argv.slice(2);
if (folder === undefined) {
  console.error("Expected a folder of sharp pictures but received none");
  process.exit(2);
}

console.log("patch  threads  pairs/s  CPU ms/pair  MB");
for (const size of [128, 256]) {
  for (const threads of [1, 2]) {
    const options = { sharp: [folder], size, gammas: [1, 2.2], inFlight: 4 * threads };
    const pool = openPool({ threads });
    const { stream } = await openTrainingPairs(options, { pool });
    let taken = 0;
    let [began, cpu] = [performance.now(), process.cpuUsage()];
    // The first fifth warms up the threads and is not counted.
    const warm = Math.ceil(Number(count) / 5);
    for await (const _ of stream()) {
      taken++;
      if (taken === warm) [began, cpu] = [performance.now(), process.cpuUsage()];
      if (taken === warm + Number(count)) break;
    }
    const seconds = (performance.now() - began) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const figures = [
      String(size).padStart(5),
      String(threads).padStart(7),
      (Number(count) / seconds).toFixed(1).padStart(7),
      ((user + system) / 1000 / Number(count)).toFixed(1).padStart(11),
      (process.memoryUsage.rss() / 2 ** 20).toFixed(0),
    ];
    console.log(figures.join("  "));
    await pool.close();
  }
}
console.log(`${availableParallelism()} cores, Node ${process.version}`);
