/** Makes a graph model of TensorFlow.js by hand: x + 0.1 tanh(x·M), with M mixing channels by Einsum. */

/** A part of the description. */
type Json = Record<string, unknown>;

/** The mixing of channels: rows are what is read, columns what is made. */
export const mixing = [0.5, -0.2, 0.1, -0.3, 0.6, 0.2, 0.1, -0.1, 0.4];

/** The description and the bytes of the values. `change` may damage the description. */
export function graphModel(change: (description: Json) => void = () => {}): {
  readonly description: Uint8Array;
  readonly values: Uint8Array;
} {
  const type = { T: { type: "DT_FLOAT" } };
  const equation = { equation: { s: Buffer.from("abcd,de->abce").toString("base64") } };
  const sides = ["1", "-1", "-1", "3"].map((size) => ({ size }));
  const node = (name: string, op: string, input: string[], attr: Json = type) => ({
    ...{ name, op, input, attr },
  });
  const description: Json = {
    format: "graph-model",
    modelTopology: {
      node: [
        node("image", "Placeholder", [], {
          ...{ dtype: { type: "DT_FLOAT" }, shape: { shape: { dim: sides } } },
        }),
        node("mixing", "Const", [], { dtype: { type: "DT_FLOAT" } }),
        node("tenth", "Const", [], { dtype: { type: "DT_FLOAT" } }),
        node("mixed", "Einsum", ["image", "mixing"], { ...type, ...equation, N: { i: "2" } }),
        node("bounded", "Tanh", ["mixed"]),
        node("small", "Mul", ["bounded", "tenth"]),
        node("restored", "AddV2", ["image", "small"]),
      ],
      versions: { producer: 1 },
    },
    weightsManifest: [
      {
        paths: ["values-1.bin", "values-2.bin"],
        weights: [
          { name: "mixing", shape: [3, 3], dtype: "float32" },
          { name: "tenth", shape: [], dtype: "float32" },
        ],
      },
    ],
    signature: {
      inputs: {
        image: {
          ...{ name: "image:0", dtype: "DT_FLOAT" },
          tensorShape: { dim: sides },
        },
      },
    },
    userDefinedMetadata: { image_multiple: 1 },
  };
  change(description);
  return {
    description: new TextEncoder().encode(JSON.stringify(description)),
    values: new Uint8Array(Float32Array.of(...mixing, 0.1).buffer),
  };
}
