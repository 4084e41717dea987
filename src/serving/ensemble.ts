import type { Checkpoint, CheckpointDescription } from '../artifacts/checkpoint.js';
import { meanOf, misfitError, misfitOf } from '../evaluation/ensemble.js';
import { plainRule } from '../evaluation/decisions/rule.js';
import { softmaxRows } from '../evaluation/probabilities.js';
import type { DecidingPredictor } from './predictor.js';

/**
 * Several models as one, whose probabilities are the mean of theirs. Its logits are the logarithms of the mean, and its rule decides
 * for the most probable class: a member's own rule was calibrated for that member alone.
 *
 * @param members at least one; closing the ensemble closes them
 */
export function ensemblePredictor(
  description: CheckpointDescription,
  members: readonly DecidingPredictor[],
): DecidingPredictor {
  const classes = description.classNames.length;
  const { maxBatch, lanes } = members[0]!;
  return {
    description,
    maxBatch,
    lanes,
    rule: plainRule(description.classNames),
    async predict(pixels, count) {
      const probabilities: Float64Array[] = [];
      // One after the other: a batch occupies one thread, whatever it is computed with.
      for (const member of members) {
        probabilities.push(softmaxRows(await member.predict(pixels, count), classes));
      }
      return Float32Array.from(meanOf(probabilities), (mean) => Math.log(Math.max(mean, Number.MIN_VALUE)));
    },
    close() {
      for (const member of members) member.close();
    },
  };
}

/** Describes an ensemble. Throws CHECKPOINT_REFUSED where a member takes other images or knows other classes than the first. */
export function describeEnsemble(members: readonly [Checkpoint, ...Checkpoint[]]): CheckpointDescription {
  const [{ description: first }, ...others] = members;
  for (const other of others) {
    const misfit = misfitOf(other.description, first);
    if (misfit !== undefined) throw misfitError(other, misfit, first);
  }
  const descriptions = members.map(({ description }) => description);
  const models = descriptions.map(({ model }) => model);
  return {
    ...first,
    run: descriptions.map(({ run }) => run).join(' + '),
    model: {
      name: 'ensemble',
      description: `mean of ${members.length} models: ${models.map(({ name }) => name).join(', ')}`,
      parameters: models.reduce((sum, { parameters }) => sum + parameters, 0),
    },
  };
}
