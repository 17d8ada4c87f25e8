/** Names the engines of TensorFlow.js, apart from its types: those who import the package need not check them. */

/** Engines based on TensorFlow.js, one per backend. */
export type TfjsEngineName = "tfjs-wasm" | "tfjs-webgpu" | "tfjs-node" | "tfjs-node-gpu";
