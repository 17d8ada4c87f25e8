/** The last step of the net: its output is clamped to the image's range, and measured before that. */
import type { Restoration } from "../engine.ts";

/**
 * clamp(x + residual, 0, 1) − x, in place, and the RMS of what the net asked for.
 * @param x the image, [3, h, w], 0..1
 * @param residual the net's output, as `x`; becomes the result
 */
export function clampResidual(x: Float32Array, residual: Float32Array<ArrayBuffer>): Restoration {
  let squares = 0;
  for (let i = 0; i < residual.length; i++) {
    const blurry = x[i] as number;
    const change = residual[i] as number;
    squares += change * change;
    const restored = blurry + change;
    if (restored < 0) residual[i] = -blurry;
    else if (restored > 1) residual[i] = 1 - blurry;
  }
  return { residual, rms: Math.sqrt(squares / residual.length) };
}
