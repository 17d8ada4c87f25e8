/** Defines `deblur pairs`: makes pairs of blurry and sharp pictures. */
import { availableParallelism } from "node:os";
import { upTo } from "../../pipeline/options/option-table.ts";
import { describeError } from "../../text/describe-error.ts";
import {
  checkPairsOptions,
  type PairsOptions,
  pairsOptionTable,
} from "../../tools/pairs/pairs-options.ts";
import { type Command, helpRow, jsonLine, jsonRow, outputRow } from "../command.ts";

interface PairsFlags extends PairsOptions {
  readonly output: string;
  readonly threads: number;
  readonly json: boolean;
  readonly help: boolean;
}

/** Seconds between two lines of progress. */
const quietSeconds = 5;

export const pairsCommand: Command<PairsFlags> = {
  name: "pairs",
  operand: "sharp picture or folder of them",
  several: true,
  usage: "deblur pairs SHARP… -o DIR [options]",
  summary: "makes pairs of blurry and sharp pictures",
  about: `Blurs sharp pictures by random camera shake, as training does, and writes DIR/blur and DIR/sharp:
8-bit PNGs of equal names, for deblur eval, deblur train --pairs or another program. Half of the
cameras also turn, and most scenes have a moving object in front (paths after Boracchi and Foi,
2012, as in DeblurGAN). Noise and rounding follow. With --kernels, the camera and each moving object
use a random measured kernel, centred to the pixel.

Blur is ⊗ of the paper, a correlation with a kernel for each pixel, which repeats the picture's edge
pixels. It is stored in DIR/kernels with --keep-kernels: each file has kernels [n, k, k] and shares
[n, height, width], and the kernel at pixel p is the sum of shares[j, p] · kernels[j]. Stored
samples are blurred as they are; light, which a camera blurs, needs --gamma 2.2; 1,2.2 uses either.

A pair depends on seed, options and pictures alone, not on threads. DIR/pairs.json records them. The
same command, also with a larger --count, makes the missing pairs; other options are refused unless
--force. A picture that cannot be used is reported, and the others are finished. The exit code is
then that of its error, or 1 where errors differ. With --json each pair is a line with "version": 1,
index, name, picture, rect, gamma, noise and kernels (their number).`,
  options: {
    output: outputRow("the folder of pairs", "DIR"),
    ...pairsOptionTable,
    threads: {
      ...upTo(1, 1024),
      default: availableParallelism(),
      otherwise: "one a core",
      help: "threads that blur; each takes 120 bytes a pixel of a pair",
    },
    json: { ...jsonRow, help: "print each pair as JSON" },
    help: helpRow,
  },
  check: checkPairsOptions,
  async run({ operands, options }, { stdout, reporter, signal }) {
    const { output, threads, json, help, ...own } = options;
    const { writePairs } = await import("../../tools/pairs/write-pairs.ts");
    const { openPool } = await import("../../io/pool/pool.ts");
    const pool = openPool({ threads });
    let reported = performance.now();
    try {
      const { pairs, made } = await writePairs(operands, output, own, {
        pool,
        signal,
        onNote: reporter.note,
        onFailed: (_, error) => reporter.note(`failed: ${describeError(error)}`),
        onPair(pair, { done, pairs: all }) {
          if (json) return void stdout.write(jsonLine(pair));
          if (performance.now() - reported < quietSeconds * 1000) return;
          reported = performance.now();
          reporter.note(`${done}/${all} pairs`);
        },
      });
      if (!json) reporter.note(`${made} of ${pairs} pairs made: ${output}`);
    } finally {
      await pool.close();
    }
  },
};
