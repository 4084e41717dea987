/** How the learning rate changes over a run, by name. */
export const scheduleNames = ['constant', 'linear', 'cosine'] as const;

export type ScheduleName = (typeof scheduleNames)[number];

/**
 * The learning rate of a step: the base rate times a factor that falls from 1 at the first step towards 0 at the end, in a
 * straight line or along half a cosine wave (Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts",
 * 2017, without restarts).
 *
 * @param step counts from 0
 */
export function scheduledRate(
  schedule: ScheduleName,
  baseRate: number,
  step: number,
  totalSteps: number,
): number {
  const share = step / totalSteps;
  switch (schedule) {
    case 'constant':
      return baseRate;
    case 'linear':
      return baseRate * (1 - share);
    case 'cosine':
      return (baseRate * (1 + Math.cos(Math.PI * share))) / 2;
  }
}
