import { z } from 'zod';

import { defineSchedule } from './schedule.js';
import { warmupOptions, withWarmup } from './warmup.js';

/** Step decay, as PyTorch's `StepLR`: multiplies the rate by a factor every few epochs, counted after the warm-up. */
export const step = defineSchedule({
  name: 'step',
  summary: 'step decay: multiply by a factor every few epochs',
  source: 'He et al., “Deep residual learning for image recognition”, 2016',
  options: z.strictObject({
    stepEpochs: z.int().min(1).max(100_000).default(3).meta({ description: 'epochs between two decays' }),
    stepFactor: z.number().positive().max(1).default(0.1).meta({ description: 'decay factor' }),
    ...warmupOptions,
  }),
  build: ({ stepEpochs, stepFactor, warmupEpochs }) =>
    withWarmup(warmupEpochs, {
      factorAt: (step, { stepsPerEpoch }) => stepFactor ** Math.floor(step / (stepEpochs * stepsPerEpoch)),
    }),
});
