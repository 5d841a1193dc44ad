// How far two pictures are apart.
import { pixels } from "./blobs.js";

/** How much stronger a difference is shown than it is. */
export const strength = 4;

/**
 * @param {Blob} first
 * @param {Blob} second of the same size
 * @returns {Promise<{canvas: HTMLCanvasElement, mean: number, psnr: number}>} the mean difference of a channel, 0 to 255, and the peak signal-to-noise ratio in dB
 */
export async function difference(first, second) {
  const [one, other] = [await pixels(first), await pixels(second)];
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [one.width, one.height];
  const context = canvas.getContext("2d");
  const shown = context.createImageData(one.width, one.height);
  let sum = 0;
  let squares = 0;
  for (let place = 0; place < one.data.length; place += 4) {
    for (let channel = 0; channel < 3; channel += 1) {
      const off = Math.abs(one.data[place + channel] - other.data[place + channel]);
      sum += off;
      squares += off * off;
      shown.data[place + channel] = Math.min(255, strength * off);
    }
    shown.data[place + 3] = 255;
  }
  context.putImageData(shown, 0, 0);
  const values = one.width * one.height * 3;
  return { canvas, mean: sum / values, psnr: squares ? 10 * Math.log10(255 * 255 * values / squares) : Infinity };
}
