// A custom source: drawings of crosses and rings, made by a program. A database or a camera is read in the same way.
// mnist collect shapes --from ./source.mjs --drawings 300
import { defineSource, z } from 'mnist-train/plugins';

const SIDE = 16;

/** How dark a pixel is, 0 to 1, whose distance from a line is given. */
const ink = (distance) => Math.max(0, Math.min(1, 1.5 - Math.abs(distance)));

const shapes = {
  cross: (x, y) => Math.max(ink(x), ink(y)),
  ring: (x, y) => ink(Math.hypot(x, y) - 4),
};

export default defineSource({
  name: 'shapes',
  summary: 'crosses and rings, each somewhere else',
  options: z.strictObject({
    drawings: z.number().int().min(10).default(200).meta({ description: 'number of drawings' }),
  }),
  async *images({ drawings }) {
    const labels = Object.keys(shapes);
    for (let index = 0; index < drawings; index++) {
      const label = labels[index % labels.length];
      // The same places each time, so that a data set can be made again.
      const [left, top] = [6 + ((index * 7) % 5), 6 + ((index * 11) % 5)];
      const data = new Uint8Array(SIDE * SIDE);
      data.forEach((_, at) => {
        data[at] = 255 * shapes[label]((at % SIDE) - left, Math.floor(at / SIDE) - top);
      });
      yield { label, image: { width: SIDE, height: SIDE, channels: 1, data }, name: `drawing ${index}` };
    }
  },
});
