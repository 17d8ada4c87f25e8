/**
 * Tells whether the chunks of a PNG give its numbers another meaning than sRGB, the default of a PNG without such
 * chunks.
 */

/** In hundred-thousandths: white, red, green and blue of sRGB, x before y. */
const srgbPoints = [31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000];
const srgbGamma = 45455;
/** Rounding in the programs that write them. */
const pointSlack = 200;
const gammaSlack = 500;
/** Primaries and transfer functions of ITU-T H.273 that are BT.709's or sRGB's; 2 says nothing. */
const srgbPrimaries = [1, 2];
const srgbTransfers = [1, 2, 6, 13, 14, 15];

/** Names of the chunks that give colours another meaning; none for sRGB. The first word said counts: cICP, then sRGB. */
export function strangeColours(meaning: readonly Buffer[]): string[] {
  const dataOf = (name: string) =>
    meaning.find((whole) => whole.toString("latin1", 4, 8) === name)?.subarray(8, -4);
  const code = dataOf("cICP");
  if (code) {
    const [primaries = 0, transfer = 0] = code;
    return srgbPrimaries.includes(primaries) && srgbTransfers.includes(transfer) ? [] : ["cICP"];
  }
  if (dataOf("sRGB")) return [];
  const gamma = dataOf("gAMA");
  const points = dataOf("cHRM");
  const plainGamma =
    !gamma || gamma.length < 4 || Math.abs(gamma.readUInt32BE(0) - srgbGamma) <= gammaSlack;
  const plainPoints =
    !points ||
    points.length < 32 ||
    srgbPoints.every((value, i) => Math.abs(points.readUInt32BE(4 * i) - value) <= pointSlack);
  return [...(plainGamma ? [] : ["gAMA"]), ...(plainPoints ? [] : ["cHRM"])];
}
