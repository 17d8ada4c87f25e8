/** Makes weights for any graph, and lists those that are trained. */
import { type Graph, parameters } from "../../../src/model/graph/graph.ts";
import type { Weights } from "../../../src/model/weights/weights.ts";
import { pseudoRandom } from "../compare.ts";

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Numbers in [−½, ½), except masks of 0 and 1 and variances above 0. */
export const madeFor = (graph: Graph): Weights =>
  new Map(
    parameters(graph).map(({ name, shape }, i) => {
      const values = pseudoRandom(sizeOf(shape), i + 1).map((v) => v / 2);
      const data = values.map((v) => {
        if (name.endsWith("mask")) return v > 0 ? 1 : 0;
        return name.endsWith("running_var") ? Math.abs(v) + 0.1 : v;
      });
      return [name, { shape, data }];
    }),
  );

/** All parameters except masks, which are data. */
export const trained = (name: string): boolean => !name.endsWith("mask");
