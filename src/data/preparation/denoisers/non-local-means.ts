import { defineDenoiser, within } from './denoiser.js';

/** How far around a pixel others are looked for that lie in similar surroundings. */
const SEARCH = 3;
/** How far a pixel's surroundings reach: 3×3. */
const PATCH = 1;
/** The root mean square difference of surroundings, in grey values, at which a pixel's weight has fallen to 1/e. */
const STRENGTH = 20;

/**
 * Each pixel becomes the mean of those around it, weighted by how alike their surroundings are: exp(−d²/h²), where d² is the
 * mean squared difference of the 3×3 around both and h the strength. Borders are repeated.
 */
export const nonLocalMeans = defineDenoiser({
  name: 'non-local-means',
  summary: 'non-local means, against fine noise',
  source: 'Buades, Coll and Morel, “A non-local algorithm for image denoising”, 2005',
  denoise(source, target, { height, width, channels }) {
    const cells = height * width;
    const weights = new Float64Array(cells);
    const sums = new Float64Array(cells * channels);
    const differences = new Float64Array(cells);
    for (let y = -SEARCH; y <= SEARCH; y++) {
      for (let x = -SEARCH; x <= SEARCH; x++) {
        const moved = (place: number): number =>
          within(Math.floor(place / width) + y, height) * width + within((place % width) + x, width);
        for (let place = 0; place < cells; place++) {
          differences[place] = squaredDifference(source, place, moved(place), channels);
        }
        for (let place = 0; place < cells; place++) {
          const weight = Math.exp(-patchMean(differences, place, height, width) / STRENGTH ** 2);
          weights[place]! += weight;
          const other = moved(place);
          for (let channel = 0; channel < channels; channel++) {
            sums[place * channels + channel]! += weight * source[other * channels + channel]!;
          }
        }
      }
    }
    sums.forEach((sum, place) => {
      target[place] = Math.round(sum / weights[Math.floor(place / channels)]!);
    });
  },
});

function squaredDifference(image: Uint8Array, a: number, b: number, channels: number): number {
  let sum = 0;
  for (let channel = 0; channel < channels; channel++) {
    sum += (image[a * channels + channel]! - image[b * channels + channel]!) ** 2;
  }
  return sum / channels;
}

function patchMean(values: Float64Array, place: number, height: number, width: number): number {
  const [row, column] = [Math.floor(place / width), place % width];
  let sum = 0;
  for (let y = row - PATCH; y <= row + PATCH; y++) {
    const start = within(y, height) * width;
    for (let x = column - PATCH; x <= column + PATCH; x++) sum += values[start + within(x, width)]!;
  }
  return sum / (2 * PATCH + 1) ** 2;
}
