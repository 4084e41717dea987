import { z } from 'zod';

import { defineSchedule } from './schedule.js';
import { warmupOptions, withWarmup } from './warmup.js';

/** A constant learning rate. */
export const constant = defineSchedule({
  name: 'constant',
  summary: 'constant learning rate',
  source: 'Robbins and Monro, “A stochastic approximation method”, 1951, without its decrease',
  options: z.strictObject({ ...warmupOptions }),
  build: ({ warmupEpochs }) => withWarmup(warmupEpochs, { factorAt: () => 1 }),
});
