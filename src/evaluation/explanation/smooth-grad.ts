import { z } from 'zod';

import { defineExplainer, overChannels } from './explainer.js';
import { logitGradients } from './gradients.js';

/** SmoothGrad: the mean gradient over noisy copies of the image, which is less noisy than a single gradient. */
export const smoothGrad = defineExplainer({
  name: 'smooth-grad',
  summary: 'SmoothGrad: mean gradient over noisy copies of the image',
  source: 'Smilkov et al., “SmoothGrad: removing noise by adding noise”, 2017',
  options: z.strictObject({
    samples: z.int().min(1).max(4096).default(64).meta({ description: 'number of noisy copies' }),
    noise: z
      .number()
      .min(0)
      .max(1)
      .default(0.15)
      .meta({ description: 'standard deviation of the noise, as a share of the pixel range' }),
  }),
  build:
    ({ samples, noise }) =>
    async (question) => {
      const { image, scaling, random } = question;
      const added = random.normalArray(samples * image.length, noise * 255 * scaling.scale);
      const gradients = await logitGradients(
        question,
        added.map((value, index) => value + image[index % image.length]!),
      );
      const sums = new Float64Array(image.length);
      gradients.forEach((gradient, index) => (sums[index % image.length]! += gradient));
      return {
        map: overChannels(
          sums.map((sum) => sum / samples),
          question.shape,
        ),
      };
    },
});
