import type { Contestant, Variant } from './contestants.js';
import type { Task } from './tasks.js';

/** `--quick`: one round within five minutes, for a first impression. */
export const QUICK = {
  tasks: ['mlp-sgd', 'cnn'],
  contestants: ['ours', 'pytorch', 'tensorflow'],
  rounds: 1,
  /** The first epoch, with what is done once, does not count. */
  epochs: 2,
  qualifyingEpochs: 2,
  qualifyingSteps: 20,
  /** Seconds after which no qualifying run begins, and none at all. */
  qualifyingUntil: 120,
  until: 230,
} as const;

/** The steps of an epoch: those of the CNN take ten times as long. */
export function quickSteps({ model }: Pick<Task, 'model'>, steps: number): number {
  return model === 'cnn' ? Math.ceil(steps / 10) : steps;
}

/** The settings that need no compilation, which takes minutes in a short race. */
export function quickVariants(contestant: Contestant, task: Task): readonly Variant[] {
  const isCompiled = (argument: string): boolean => ['--compile', '--xla'].includes(argument);
  return contestant.variants(task).filter((variant) => !variant.arguments.some(isCompiled));
}
