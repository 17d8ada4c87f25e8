/** Weights nobody has trained: all of the net's, the same for the same seed, as PyTorch would draw them. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { presets } from "../../../src/model/config.ts";
import { initialWeights } from "../../../src/model/training/initial-weights.ts";
import { netOf } from "../../../src/model/weights/net-of.ts";
import type { Weights } from "../../../src/model/weights/weights.ts";

const weights = initialWeights(presets.lite, 1);
const of = (name: string): Float32Array => weights.get(name)?.data as Float32Array;

describe("drawn weights", () => {
  it("are those of the net, and of no other preset", () => {
    const { config } = netOf({ tensors: weights, metadata: {} }, "tlc");
    expect(config).toEqual(presets.lite);
  });

  it("are the same for the same seed, others for another, and taken where they are known", () => {
    const small = { ...presets.lite, width: 2, keBase: 2, kernelSize: 5 };
    const hash = (of: Weights) =>
      [...of].map(
        ([name, { data }]) => `${name} ${createHash("sha256").update(data).digest("hex")}`,
      );
    const drawn = initialWeights(small, 1);
    expect(hash(initialWeights(small, 1))).toEqual(hash(drawn));
    const others = initialWeights(
      small,
      2,
      new Map([...drawn].filter(([name]) => name !== "intro.bias")),
    );
    const changed = [...others.keys()].filter((name) => others.get(name) !== drawn.get(name));
    expect(changed).toEqual(["intro.bias"]);
    expect(others.get("intro.bias")).not.toEqual(drawn.get("intro.bias"));
  });

  it.each([
    ["encoders.3.5.conv1.weight", 128],
    ["kernel_extra.Conv_mid.body.2.weight", 64 * 9],
    ["kernel_extra.Conv_mid.body.2.bias", 64 * 9],
    ["flow.net.4.t_net.4.weight", 25],
  ])("%s is uniform in ±1/√%d", (name, fanIn) => {
    const values = of(name);
    const reach = 1 / Math.sqrt(fanIn);
    const largest = Math.max(...values.map(Math.abs));
    expect(largest).toBeLessThanOrEqual(reach * (1 + 1e-6));
    expect(largest).toBeGreaterThan(reach * 0.9);
    const square = values.reduce((sum, v) => sum + v * v, 0) / values.length;
    expect(square / (reach ** 2 / 3)).toBeGreaterThan(0.5);
    expect(square / (reach ** 2 / 3)).toBeLessThan(1.5);
  });

  it("leave norms and blocks without effect, and masks take turns", () => {
    const all = (name: string) => [...new Set(of(name))];
    expect(all("encoders.0.0.norm1.weight")).toEqual([1]);
    expect(all("encoders.0.0.beta")).toEqual([0]);
    expect(all("flow.net.3.log_gamma")).toEqual([0]);
    expect(all("flow.net.3.running_var")).toEqual([1]);
    expect([...of("flow.net.0.mask").slice(0, 4)]).toEqual([0, 1, 0, 1]);
    expect([...of("flow.net.2.mask").slice(0, 4)]).toEqual([1, 0, 1, 0]);
  });
});
