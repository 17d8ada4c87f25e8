/** Defines `deblur train`: trains one stage of a net. */
import { oneOf } from "../../check.ts";
import { trainStages } from "../../model/training/settings.ts";
import { flagOf } from "../../pipeline/options/option-table.ts";
import { clock, plain } from "../../text/words.ts";
import { checkStage, checkTrainOptions } from "../../tools/train/check-train-options.ts";
import { lineOf, type TrainRecord } from "../../tools/train/train-log.ts";
import { type TrainOptions, trainOptionTable } from "../../tools/train/train-options.ts";
import { type Command, helpRow, jsonRow } from "../command.ts";

interface TrainFlags extends TrainOptions {
  readonly json: boolean;
  readonly help: boolean;
}

/** Seconds between two lines of progress; the log has all records. */
const quietSeconds = 5;

export const trainCommand: Command<TrainFlags> = {
  name: "train",
  operand: "stage (flow, kernels or restore)",
  usage: "deblur train flow|kernels|restore --out DIR [options]",
  summary: "trains a net, one stage a call",
  about: `Trains one stage of the net: flow (the prior of motion kernels, on simulated ones; needs no
pictures), kernels (estimates the blur; the flow is fixed), restore (restores the picture; both are
fixed). Each starts with the weights of the stage before in --out. There it writes
STAGE.safetensors, for --weights; log.jsonl; log.md, a table of all stages; STAGE.html, with curves
and, with --validate, samples of the measurements (kept in STAGE.samples.json); and a checkpoint.
After an interruption the same command resumes with the same numbers. With --json the log's lines go
to standard output too.

Patches may grow during a stage: --patch 96:0.5,128:0.3,192:0.2 uses each side for that share of the
steps, and fewer of the larger ones, so that a step costs about the same. The exported weights are
an average over the whole stage (not in flow).

Steps are computed on WebAssembly, by a thread for each of --workers: enough for small nets and
fine-tuning. Other values of --engine: tfjs-webgpu (tested on software drivers, not on a GPU);
tfjs-node and tfjs-node-gpu (tested with TensorFlow 2.21.0 on a CPU, not with 2.9.1, not on a GPU).
An unavailable engine ends the command with an error that names what is missing, exit code 69. A run
resumes on the engine it started with.`,
  options: {
    ...trainOptionTable,
    json: { ...jsonRow, help: "print each line of the log as JSON" },
    help: helpRow,
  },
  check: checkTrainOptions,
  async run({ operand, options }, { stdout, reporter, signal }) {
    const { json, help, ...own } = options;
    const stage = oneOf("the stage", operand, trainStages);
    checkStage(stage, own, flagOf);
    const lines = progressLines();
    // Loads in a tenth of a second, which no other command should wait for.
    const { train } = await import("../../tools/train/train.ts");
    const weights = await train(stage, own, {
      signal,
      onNote: (message) => reporter.note(message),
      onRecord(record) {
        if (json) return void stdout.write(lineOf(record));
        const line = lines(record, performance.now() / 1000);
        if (line !== undefined) reporter.note(line);
      },
    });
    if (!json) reporter.note(`trained weights of stage ${stage}: ${weights}`);
  },
};

/** Turns records into lines of progress, one every few seconds. */
function progressLines(): (record: TrainRecord, now: number) => string | undefined {
  let first: { readonly iteration: number; readonly now: number } | undefined;
  let reported = Number.NEGATIVE_INFINITY;
  return (record, now) => {
    const { iteration, iterations, validation } = record;
    first ??= { iteration, now };
    const last = iteration === iterations;
    if (now - reported < quietSeconds && !last && validation === undefined) return undefined;
    reported = now;
    return progressLine(record, (iteration - first.iteration) / (now - first.now));
  };
}

/** @param rate steps a second; NaN: not known yet */
function progressLine(record: TrainRecord, rate: number): string {
  const { stage, iteration, iterations, loss, lr, waited, validation } = record;
  const left = ((iterations ?? Number.NaN) - iteration) / rate;
  const words = [
    `${stage} ${iteration}/${iterations ?? "?"}`,
    `loss ${loss.toPrecision(5)}`,
    `lr ${lr.toPrecision(3)}`,
    ...(Number.isFinite(rate) ? [`${plain(rate)} it/s`] : []),
    ...(Number.isFinite(left) ? [`${clock(left)} left`] : []),
    `waited ${(100 * waited).toFixed(1)} %`,
    ...(validation?.psnr === undefined
      ? []
      : [`PSNR ${validation.psnr.toFixed(2)} dB (blurry ${validation.blurryPsnr.toFixed(2)})`]),
    ...(validation?.reblurPsnr === undefined
      ? []
      : [`re-blurred ${validation.reblurPsnr.toFixed(2)} dB`]),
  ];
  return words.join("  ");
}
