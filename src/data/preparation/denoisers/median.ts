import { defineDenoiser, within } from './denoiser.js';

/** Each pixel becomes the median of the 3×3 around it: removes single wrong pixels and keeps edges. Borders are repeated. */
export const median = defineDenoiser({
  name: 'median',
  summary: '3×3 median filter, against isolated wrong pixels',
  source: 'Tukey, “Exploratory data analysis”, 1977',
  denoise(source, target, { height, width, channels }) {
    const neighbours = new Uint8Array(9);
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        for (let channel = 0; channel < channels; channel++) {
          for (let place = 0; place < 9; place++) {
            const y = within(row + Math.floor(place / 3) - 1, height);
            const x = within(column + (place % 3) - 1, width);
            neighbours[place] = source[(y * width + x) * channels + channel]!;
          }
          target[(row * width + column) * channels + channel] = neighbours.sort()[4]!;
        }
      }
    }
  },
});
