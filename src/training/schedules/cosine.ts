import { z } from 'zod';

import { defineSchedule } from './schedule.js';
import { warmupOptions, withWarmup } from './warmup.js';

/** Cosine decay: (1 + cos(π·s/S))/2 at step s of S. */
export const cosine = defineSchedule({
  name: 'cosine',
  summary: 'cosine decay to 0',
  source:
    'Loshchilov and Hutter, “SGDR: stochastic gradient descent with warm restarts”, 2017, without restarts',
  options: z.strictObject({ ...warmupOptions }),
  build: ({ warmupEpochs }) =>
    withWarmup(warmupEpochs, { factorAt: (step, { steps }) => (1 + Math.cos((Math.PI * step) / steps)) / 2 }),
});
