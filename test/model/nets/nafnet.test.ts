/** Tests the plain NAFNet, which has no tensors named after kernels. */
import { describe, expect, it } from "vitest";
import { parameters } from "../../../src/model/graph/graph.ts";
import { buildNet } from "../../../src/model/nets/build-net.ts";
import { restoreGraph } from "../../../src/model/nets/ufpnet.ts";
import { configOf, type Tensor } from "../../../src/model/weights/weights.ts";
import { referenceNets } from "../../fixtures/reference.ts";
import { error, pseudoRandom } from "../compare.ts";
import { consumers } from "../consumers.ts";

const [reference] = referenceNets();
if (!reference) throw new Error("there is no reference net");
const { weights } = reference;
const plain = new Map(
  [...weights].filter(([name]) => !/^(kernel_extra|flow|kernel_down)|kernel_atttion/.test(name)),
);

describe("a plain NAFNet", () => {
  it("is distinguished from a UFPNet by its names", () => {
    const sizes = { keBase: 0, kernelSize: 0, kernelStride: 1 };
    expect(configOf(plain)).toEqual({ ...configOf(weights), ...sizes });
    const { graphs } = buildNet({ tensors: plain, metadata: {} }, "global");
    expect(Object.keys(graphs)).toEqual(["restore"]);
    expect(parameters(graphs.restore).length).toBe(plain.size);
  });

  it("may have any number of blocks, as those for SIDD do", () => {
    const one = { shape: [1], data: new Float32Array(1) };
    const more = new Map([...plain, ["encoders.0.1.beta", one] as const]);
    expect(configOf(more).encoderBlocks).toEqual([2, 1, 1, 2]);
    expect(() => configOf(new Map([...weights, ["encoders.0.1.beta", one]]))).toThrow(/one block/);
  });

  it("is not recognised in a UFPNet that lacks a part", () => {
    const lost = new Map([...weights].filter(([name]) => !name.startsWith("flow.")));
    expect(() => configOf(lost)).toThrow(/tensor flow\.net\.0\.mask is missing/);
  });

  it("equals a UFPNet with closed attention", async () => {
    const shut = new Map(
      [...weights].map(([name, tensor]): [string, Tensor] => {
        const closes = name.endsWith("kernel_atttion.conv_2.0.bias");
        return [name, closes ? { ...tensor, data: tensor.data.map(() => -1e9) } : tensor];
      }),
    );
    const image = { data: pseudoRandom(3 * 32 * 48), shape: [1, 3, 32, 48] };
    const kernels = { data: pseudoRandom(49 * 32 * 48), shape: [1, 49, 32, 48] };
    const whole = restoreGraph(configOf(weights), "global");
    const bare = restoreGraph(configOf(plain), "global");
    const expected = await consumers.onnx(whole, shut, { image, kernels });
    for (const name of ["onnx", "wasm"] as const) {
      const { residual } = await consumers[name](bare, plain, { image });
      expect(error(residual, expected["residual"] as Tensor)).toBeLessThanOrEqual(1e-5);
    }
  });
});
