import { z } from 'zod';

import { cover, coveredPlaces, fallsByPixel } from './covering.js';
import { blackOf, defineExplainer } from './explainer.js';
import { logitsOf } from './gradients.js';

/** Occlusion: the drop of the logit when a square is hidden with black. Needs no gradients, so it works with every model. */
export const occlusion = defineExplainer({
  name: 'occlusion',
  summary: 'occlusion: drop of the logit when a square is hidden',
  source: 'Zeiler and Fergus, “Visualizing and understanding convolutional networks”, 2014',
  options: z.strictObject({
    patch: z.int().min(1).max(1024).default(4).meta({ description: 'size of the hidden square, in pixels' }),
    stride: z
      .int()
      .min(1)
      .max(1024)
      .default(2)
      .meta({ description: 'step between two positions of the square, in pixels' }),
  }),
  build: (covering) => async (question) => {
    const { image, shape } = question;
    const copies = [
      image,
      ...coveredPlaces(shape, covering).map((place) =>
        cover(image, shape, covering, place, blackOf(question)),
      ),
    ];
    const inputs = new Float32Array(copies.length * image.length);
    copies.forEach((copy, index) => {
      inputs.set(copy, index * image.length);
    });
    const [whole, ...covered] = await logitsOf(question, inputs);
    return {
      map: fallsByPixel(
        shape,
        covering,
        covered.map((logit) => whole! - logit),
      ),
    };
  },
});
