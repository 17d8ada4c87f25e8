/**
 * Sharp pictures in, training pairs into a pipeline that is somebody else's: an async iterable is an input of any
 * RxJS operator, and the pace is that of the slowest. Pair i depends on the seed and i alone. Here batches are made of
 * them, and the step is a line with the batch's mean blur, as PSNR.
 *
 *   node examples/training-pairs.js PHOTOS [BATCHES] [SEED]
 */
import { psnr } from "rx-deblur/model";
import { admit } from "rx-deblur/operators";
import { openPool, openTrainingPairs } from "rx-deblur/train";
import { bufferCount, lastValueFrom, of, take, tap } from "rxjs";

const [photos, batches = "2", seed = "0"] = process.argv.slice(2);
const pool = openPool({ threads: 2 });
try {
  const options = { sharp: [photos], size: 64, seed: Number(seed), inFlight: 4 };
  const { stream } = await openTrainingPairs(options, { pool });
  await lastValueFrom(
    // `from(stream())` would make pairs as fast as it can and keep them all; `admit` asks for one when one is used.
    admit(stream(), 1, (pair) => of(pair)).pipe(
      bufferCount(4),
      take(Number(batches)),
      tap((batch) => {
        const blur = batch.map(({ sharp, blurry }) => psnr(sharp, blurry, 1));
        console.log(blur.map((decibel) => decibel.toFixed(2)).join(" "), "dB");
      }),
    ),
  );
} finally {
  await pool.close();
}
