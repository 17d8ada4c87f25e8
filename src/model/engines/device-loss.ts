/** What a runtime says of a call that failed in, whether its device is gone for good out. */

/** Dawn, Direct3D, Vulkan and CUDA each have words of their own for it. */
const words =
  /device (was |is |has been )?(lost|removed|hung)|device_(lost|removed|hung|reset)|CUDA.*(unspecified launch failure|illegal memory access|failure (700|719|999))/i;

/** The tag of the error that tells it: of a lost device, or of any other failure. */
export function lossOf(error: unknown): "DeviceLostError" | "Error" {
  return error instanceof Error && words.test(error.message) ? "DeviceLostError" : "Error";
}
