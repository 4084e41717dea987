// A custom learning rate schedule: each epoch has a constant share of the rate of the epoch before.
// mnist train --schedule ./schedule.mjs --decay-rate 0.8
import { defineSchedule, z } from 'mnist-train/plugins';

export default defineSchedule({
  name: 'exponential',
  summary: 'exponential decay by epoch',
  source: 'as PyTorch’s ExponentialLR, 2016',
  options: z.strictObject({
    decayRate: z
      .number()
      .positive()
      .max(1)
      .default(0.9)
      .meta({ description: 'factor of the rate per epoch' }),
  }),
  build({ decayRate }) {
    return { factorAt: (step, { stepsPerEpoch }) => decayRate ** Math.floor(step / stepsPerEpoch) };
  },
});
