import { z } from 'zod';

import { defineSchedule } from './schedule.js';
import { warmupOptions, withWarmup } from './warmup.js';

/** Linear decay: 1 − s/S at step s of S. */
export const linear = defineSchedule({
  name: 'linear',
  summary: 'linear decay to 0',
  source: 'Li, Yumer and Ramanan, “Budgeted training”, 2020',
  options: z.strictObject({ ...warmupOptions }),
  build: ({ warmupEpochs }) => withWarmup(warmupEpochs, { factorAt: (step, { steps }) => 1 - step / steps }),
});
