import { z } from 'zod';

import { blackOf, defineExplainer, overChannels, type Attribution, type Question } from './explainer.js';
import { logitGradients, logitsOf } from './gradients.js';

/** The relative error of the sum above which the number of steps is doubled. */
const TOLERANCE = 0.005;
/** For smaller differences the error is measured absolutely: nothing in the image matters. */
const SMALL = 0.001;
const MOST_STEPS = 4096;

/**
 * Integrated gradients: the mean gradient on the straight path from a black image to this one, times their difference. The map adds
 * up to the difference of the two logits.
 */
export const integratedGradients = defineExplainer({
  name: 'integrated-gradients',
  summary: 'integrated gradients from a black image; the attributions add up to the change of the logit',
  source: 'Sundararajan, Taly and Yan, “Axiomatic attribution for deep networks”, 2017',
  options: z.strictObject({
    steps: z.int().min(1).max(MOST_STEPS).default(64).meta({
      description: 'integration steps; doubled until the error is below 0.5 %',
    }),
  }),
  build:
    ({ steps }) =>
    async (question) => {
      const { image } = question;
      const black = new Float32Array(image.length).fill(blackOf(question));
      const ends = await logitsOf(question, Float32Array.of(...black, ...image));
      const difference = ends[1]! - ends[0]!;
      for (let count = steps; ; count *= 2) {
        const made = await integrate(question, black, count);
        const sum = made.reduce((total, value) => total + value, 0);
        const isClose = Math.abs(sum - difference) <= TOLERANCE * Math.max(Math.abs(difference), SMALL);
        if (!isClose && count * 2 <= MOST_STEPS) continue;
        const result: Attribution = {
          map: overChannels(made, question.shape),
          completeness: { sum, difference, steps: count },
        };
        return result;
      }
    },
});

/** The path integral by the midpoint rule. */
async function integrate(question: Question, black: Float32Array, steps: number): Promise<Float64Array> {
  const { image } = question;
  const inputs = new Float32Array(steps * image.length);
  for (let step = 0; step < steps; step++) {
    const share = (step + 0.5) / steps;
    image.forEach((value, at) => {
      inputs[step * image.length + at] = black[at]! + share * (value - black[at]!);
    });
  }
  const gradients = await logitGradients(question, inputs);
  const sums = new Float64Array(image.length);
  gradients.forEach((gradient, index) => (sums[index % image.length]! += gradient));
  return sums.map((sum, at) => (sum / steps) * (image[at]! - black[at]!));
}
