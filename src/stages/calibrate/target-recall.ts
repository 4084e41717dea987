import { ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { percent } from '../../core/format.js';
import type { DecisionPolicy } from '../../evaluation/decisions/decide.js';
import {
  costsForRecall,
  imagesToFind,
  type TargetRecalls,
} from '../../evaluation/decisions/target-recall.js';
import type { ScoredExamples } from '../../evaluation/probabilities.js';
import { wilsonInterval } from '../../evaluation/wilson.js';
import type { CalibrateOptions } from './calibrate-options.js';

/** The targets of `--target-recall`, by the class's number. Throws USAGE. */
export function targetRecalls(
  { targetRecall, targetAccuracy, thresholds, abstentionCost }: CalibrateOptions,
  classNames: readonly string[],
): TargetRecalls {
  const abstaining = [
    ['--target-accuracy', targetAccuracy !== undefined],
    ['--thresholds', thresholds.length > 0],
    ['--abstention-cost', abstentionCost !== undefined],
  ] as const;
  const other = abstaining.find(([, isGiven]) => isGiven)?.[0];
  if (targetRecall.length > 0 && other !== undefined) {
    throw usage(
      `--target-recall and ${other} cannot be combined`,
      'an image that is sent to a person is neither found nor missed: use one of them',
    );
  }
  const targets = targetRecall.map((text) => targetOf(text, classNames));
  const found = new Map(targets);
  if (found.size === targets.length) return found;
  throw usage('--target-recall names a class twice', 'give one recall for each class');
}

function targetOf(text: string, classNames: readonly string[]): [label: number, target: number] {
  // A class's name may have the sign too.
  const sign = text.lastIndexOf('=');
  const [name, number] = [text.slice(0, sign), text.slice(sign + 1)];
  const [label, target] = [classNames.indexOf(name), Number(number)];
  if (sign < 1 || number.trim() === '' || !(target > 0 && target <= 1)) {
    throw usage(`--target-recall: "${text}" is not a class and a recall`, 'write it as bad=0.99');
  }
  if (label >= 0) return [label, target];
  throw usage(`--target-recall: no class "${name}"`, `the classes are: ${classNames.join(', ')}`);
}

/** Target recalls by the names of their classes. */
export function recallsByName(targets: TargetRecalls, classNames: readonly string[]): Record<string, number> {
  return Object.fromEntries([...targets].map(([label, target]) => [classNames[label]!, target]));
}

/**
 * A policy that reaches target recalls on the validation images. Warns where these are too few to tell. Throws USAGE where a target
 * is out of reach.
 */
export function withRecall(
  policy: DecisionPolicy,
  targets: TargetRecalls,
  scored: ScoredExamples,
  { emit }: Pick<StageContext, 'emit'>,
): DecisionPolicy {
  if (targets.size === 0) return policy;
  for (const [label, target] of targets) {
    const name = policy.classNames[label]!;
    const images = scored.labels.filter((other) => other === label).length;
    if (images === 0) {
      throw usage(
        `--target-recall: the validation split has no images of "${name}"`,
        'train with a larger --validation-split',
      );
    }
    // Not one of so few may be missed.
    if (imagesToFind(target, images) === images && target < 1) {
      const { low } = wilsonInterval(images, images);
      emit({
        event: 'warning',
        code: 'FEW_IMAGES',
        message: `the validation split has only ${images} images of "${name}": finding all of them shows a recall of at least ${percent(low)}, not ${percent(target)}`,
        hint: 'train with a larger --validation-split, or with more images of the class',
      });
    }
  }
  const { costs, unreachable } = costsForRecall(scored, policy, targets);
  if (costs !== null) return { ...policy, costs };
  const name = policy.classNames[unreachable]!;
  throw usage(
    `--target-recall: ${percent(targets.get(unreachable)!)} of "${name}" cannot be reached on the validation split`,
    targets.size > 1
      ? 'lower this target or that of another class, or train a better model'
      : 'lower the target, or train a better model',
  );
}

function usage(message: string, hint: string): ToolkitError {
  return new ToolkitError('USAGE', { message, hint });
}
