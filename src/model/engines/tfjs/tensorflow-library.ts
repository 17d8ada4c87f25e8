/** Describes TensorFlow's C library without loading it: its engines, its needs and its environment variables. */

/** Engines that load TensorFlow's library. */
export type TensorFlowName = "tfjs-node" | "tfjs-node-gpu";

export function isTensorFlow(name: string): name is TensorFlowName {
  return name === "tfjs-node" || name === "tfjs-node-gpu";
}

/** What tfjs-node-gpu needs besides its package. */
export const tensorFlowCuda = "an NVIDIA GPU with a driver above 450, CUDA 11.2, cuDNN 8.1";

/**
 * Sets variables that the library reads when it is loaded, unless the user has set them. To be called in the main
 * thread before the library is loaded in any: the environment of a worker is a copy that native code does not read.
 */
export function setTensorFlowVariables(): void {
  // Errors reach us as exceptions; the library's log lines would stand between those of the command.
  process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "3";
  // oneDNN prepares each convolution anew if operations are called one by one, which takes twice the time. It also
  // prints a line that the level above does not stop.
  process.env["TF_ENABLE_ONEDNN_OPTS"] ??= "0";
}
