/** Builds the reference restorers with all their intermediate values. */
import type { NetConfig } from "../../../src/model/config.ts";
import { add, input } from "../../../src/model/graph/build.ts";
import type { Graph, Value } from "../../../src/model/graph/graph.ts";
import { mimoUnet } from "../../../src/model/nets/mimo-unet.ts";
import { mprNet } from "../../../src/model/nets/mprnet.ts";
import { configOf, type Weights } from "../../../src/model/weights/weights.ts";
import type { ReferenceNet } from "../../fixtures/reference.ts";

/** The settings of a restorer; the reference files with kernel attention hold no KE-Net and no flow. */
export function settingsOf({ weights }: Pick<ReferenceNet, "weights">): NetConfig {
  const plain: Weights = new Map([...weights].filter(([name]) => !/kernel_/.test(name)));
  const taps = weights.get("kernel_down.0.bias")?.shape[0] ?? 0;
  return { ...configOf(plain), kernelSize: Math.sqrt(taps) };
}

/** Every value that the authors' tensors are compared with, by the names of these. */
export function restorerGraph(config: NetConfig): Graph {
  const image = input("image", 3);
  const kernels = config.kernelSize > 0 ? input("kernels", config.kernelSize ** 2) : undefined;
  const named = (features: Readonly<Record<string, Value>>): Graph => ({
    ...Object.fromEntries(Object.entries(features).map(([key, v]) => [`features.${key}`, v])),
    ...attentions(features),
  });
  if (config.restorer === "mimo-unet") {
    const { residual, half, quarter, features } = mimoUnet(image, kernels, config);
    return {
      "output.full": add(residual, image),
      "output.half": half,
      "output.quarter": quarter,
      ...named(features),
    };
  }
  const { residual, stages, features } = mprNet(image, kernels, config, "global");
  return {
    "output.stage3": add(residual, image),
    "output.stage2": stages[1],
    "output.stage1": stages[0],
    ...named(features),
  };
}

/** A of A·f + x. */
function attentions(features: Readonly<Record<string, Value>>): Graph {
  const found = Object.entries(features).filter(([key]) => /^kam\d$/.test(key));
  return Object.fromEntries(
    found.map(([key, sum]) => [`features.${key}.attention`, sum.inputs[0]?.inputs[0] as Value]),
  );
}
