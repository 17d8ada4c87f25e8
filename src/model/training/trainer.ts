/**
 * Trains one stage step by step, and saves and restores its complete state. It runs in the calling thread, which a
 * step blocks if the processor computes.
 */
import * as tf from "@tensorflow/tfjs-core";
import type { TfjsEngineName } from "../engines/tfjs/engine-name.ts";
import { interpret, type TfjsRuntime } from "../engines/tfjs/runtime.ts";
import { startTfjs } from "../engines/tfjs/start.ts";
import { exportParameters, importParameters, type Parameters } from "../tfjs/parameters.ts";
import { registerGradients } from "../tfjs/register-gradients.ts";
import type { Tensor, Weights } from "../weights/weights.ts";
import { disposeState, type OptimizerSettings, openDescent, type TrainState } from "./optimizer.ts";
import { type Helpers, sharedStep } from "./shared-step.ts";
import type { Stage } from "./stages.ts";
import {
  beginStage,
  disposeGradients,
  type Gradients,
  openGradients,
  trainStep,
} from "./train-step.ts";

export interface TrainerSettings<Batch> {
  readonly stage: Stage<Batch>;
  /** Weights of the whole net. */
  readonly weights: Weights;
  readonly optimizer: OptimizerSettings;
  /** From the runtime that computes; undefined: the runtime reports errors synchronously. */
  readonly run?: TfjsRuntime["run"];
  /** From the same runtime; undefined: operations are executed one by one. */
  readonly compile?: TfjsRuntime["compile"];
}

/** The numbers of one step. */
export interface StepMetrics {
  /** Loss of the batch before the step; NaN or ∞ if training has failed. */
  readonly loss: number;
  /** Norm of the gradient before clipping. */
  readonly norm: number;
}

/** A stage's state as numbers: `PART/NAME` → tensor, in PyTorch's layouts. */
export interface SavedState {
  readonly iteration: number;
  readonly tensors: Weights;
}

export interface Trainer<Batch> {
  /** Number of steps so far. */
  readonly iteration: number;
  /**
   * One step; await it before any other call.
   * @throws Error if memory is insufficient for the gradients; the state is then unchanged. DeviceLostError
   */
  step(batch: Batch, rate: number): Promise<StepMetrics>;
  /**
   * One step with the batch divided among this thread and the helpers; await it before any other call.
   * @throws RangeError if there are more helpers than kernels or pairs; the error of a helper; the state is
   *   unchanged
   */
  shareStep(batch: Batch, rate: number, helpers: Helpers<Batch>): Promise<StepMetrics>;
  /** True if memory suffices for a step on such a batch. Changes nothing. */
  fits(batch: Batch): Promise<boolean>;
  /** The whole net for use now; averaged weights if an average is kept. */
  weights(): Promise<Map<string, Tensor>>;
  save(): Promise<SavedState>;
  /** Disposes the state and the stage. */
  dispose(): void;
}

/** The parts of a state that share the layout of the stage's parameters. */
const parts = ["weights", "first", "second", "average"] as const;

/**
 * Starts a training engine, WebAssembly by default. The caller disposes it.
 * @throws UnavailableError if the engine is not available on this machine
 */
export async function prepareTraining(
  engine: TfjsEngineName = "tfjs-wasm",
  adapter?: string,
): Promise<TfjsRuntime> {
  const runtime = await startTfjs(engine, adapter);
  registerGradients();
  return runtime;
}

/**
 * Opens the stage at its beginning, or resumes from `saved`. The caller disposes it.
 * @param settings the trainer takes ownership of `stage`
 */
export function openTrainer<Batch extends { readonly count: number }>(
  settings: TrainerSettings<Batch>,
  saved?: SavedState,
): Trainer<Batch> {
  const { stage, weights, optimizer } = settings;
  const { run = async (compute) => compute(), compile = interpret } = settings;
  const program = openGradients(stage, compile);
  const descent = openDescent(optimizer, compile);
  let state = beginStage(stage, weights, optimizer);
  if (saved) {
    disposeState(state);
    state = restoreState(stage, weights, saved);
  }
  const fixed = importParameters(stage.graph, weights);
  const published = (tensors: Parameters): Promise<Map<string, Tensor>> =>
    exportParameters(stage.graph, new Map([...fixed, ...tensors]));
  const statistics = (): Promise<[string, Tensor][]> =>
    Promise.all(
      [...state.statistics].map(async ([name, tensor]): Promise<[string, Tensor]> => {
        const data = (await tensor.data<"float32">()).slice();
        return [name, { shape: tensor.shape, data }];
      }),
    );

  const taken = async (step: Awaited<ReturnType<typeof sharedStep>>): Promise<StepMetrics> => {
    state = step.state;
    return run(async () => ({ loss: await numberIn(step.loss), norm: await numberIn(step.norm) }));
  };

  /** A device may report insufficient memory only afterwards. */
  const gradients = async (batch: Batch): Promise<Gradients> => {
    let found: Gradients | undefined;
    try {
      return await run(() => {
        found = program.of(state, batch);
        return found;
      });
    } catch (error) {
      if (found) disposeGradients(found);
      throw error;
    }
  };

  return {
    get iteration() {
      return state.iteration;
    },
    async step(batch, rate) {
      const found = await gradients(batch);
      return taken(await run(() => trainStep(state, found, rate, optimizer, descent.step)));
    },
    shareStep: async (batch, rate, helpers) =>
      taken(await sharedStep(stage, state, batch, rate, optimizer, helpers)),
    async fits(batch) {
      try {
        disposeGradients(await gradients(batch));
        return true;
      } catch {
        return false;
      }
    },
    weights: () =>
      run(async () => {
        const trained = state.average.size > 0 ? state.average : state.weights;
        return new Map([...weights, ...(await published(trained)), ...(await statistics())]);
      }),
    save: () =>
      run(async () => {
        const tensors = new Map<string, Tensor>();
        for (const part of parts) {
          if (state[part].size === 0) continue;
          const all = await published(state[part]);
          for (const name of state[part].keys())
            tensors.set(`${part}/${name}`, all.get(name) as Tensor);
        }
        for (const [name, tensor] of await statistics()) tensors.set(`statistics/${name}`, tensor);
        return { iteration: state.iteration, tensors };
      }),
    dispose() {
      disposeState(state);
      tf.dispose([...fixed.values()]);
      program.dispose();
      descent.dispose();
      stage.dispose();
    },
  };
}

function restoreState<Batch>(
  stage: Stage<Batch>,
  weights: Weights,
  { iteration, tensors }: SavedState,
): TrainState {
  const part = (name: (typeof parts)[number]): Parameters => {
    const own = [...tensors]
      .filter(([key]) => key.startsWith(`${name}/`))
      .map(([key, tensor]) => [key.slice(name.length + 1), tensor] as const);
    if (own.length === 0) return new Map();
    const imported = importParameters(stage.graph, new Map([...weights, ...own]));
    const names = new Set(own.map(([key]) => key));
    const kept = new Map<string, tf.Tensor>();
    for (const [key, tensor] of imported) {
      if (names.has(key)) kept.set(key, tensor);
      else tensor.dispose();
    }
    return kept;
  };
  const statistics = stage.statistics.map((name) => {
    const tensor = tensors.get(`statistics/${name}`);
    if (!tensor) throw new Error(`the saved state lacks ${name}`);
    return [name, tf.tensor1d(tensor.data)] as const;
  });
  const [own, first, second, average] = parts.map(part) as [
    Parameters,
    Parameters,
    Parameters,
    Parameters,
  ];
  return { iteration, weights: own, first, second, average, statistics: new Map(statistics) };
}

async function numberIn(scalar: tf.Scalar): Promise<number> {
  const [value = Number.NaN] = await scalar.data();
  scalar.dispose();
  return value;
}
