import type { Schedule } from './schedule.js';

/** The batch size that the optimisers' default learning rates are for. */
export const USUAL_BATCH = 100;

/** How the learning rate grows with the batch size. */
export const rateScalings = ['none', 'linear', 'square-root'] as const;

/**
 * A schedule whose learning rates are scaled for a batch size. Linear, as in Goyal et al., “Accurate, large minibatch SGD: training ImageNet in
 * 1 hour”, 2017: a step of k batches should do what k steps did. The square root, as in You et al., 2020 (LAMB), keeps the variance of a step.
 */
export function withScaledRate(
  schedule: Schedule,
  scaling: (typeof rateScalings)[number],
  batchSize: number,
): Schedule {
  if (scaling === 'none') return schedule;
  const ratio = batchSize / USUAL_BATCH;
  const scale = scaling === 'linear' ? ratio : Math.sqrt(ratio);
  return {
    factorAt: (step, length) => scale * schedule.factorAt(step, length),
    ...(schedule.momentumAt && { momentumAt: (step, length) => schedule.momentumAt!(step, length) }),
  };
}
