import type { Checkpoint } from '../../artifacts/checkpoint.js';
import type { PrivacyAccount } from '../../artifacts/privacy.js';
import type { PreparedDescription } from '../../artifacts/prepared.js';
import { isSharded } from '../../artifacts/sharded.js';
import { ToolkitError } from '../../core/errors.js';
import type { Emit } from '../../core/events.js';
import { isMixing } from '../../models/augmentation/mixing-options.js';
import { features } from '../../models/features/index.js';
import { noiseFor } from '../../training/privacy/accounting/index.js';
import { meanEvent } from '../../training/privacy/private-mean.js';
import { eventsOf, PrivacyLedger, type PrivacyTerms } from '../../training/privacy/ledger.js';
import type { TrainConfiguration } from './train-options.js';
import type { DataSettings, TrainingSet } from './training-set.js';

/** The clipping norm where none is given. */
const USUAL_CLIP_NORM = 1;

/** The largest power of ten below 1 ÷ images. */
function usualDelta(images: number): number {
  return Number(`1e-${Math.floor(Math.log10(images)) + 1}`);
}

/** What a private run is planned from. */
interface PrivacyRequest {
  values: TrainConfiguration;
  set: TrainingSet;
  /** The checkpoint that the run goes on from, or takes weights from. */
  origin: Checkpoint | undefined;
}

/** The protection of a run that is private, and how long it may go on. */
export interface PrivacyPlan {
  ledger: PrivacyLedger;
  /** The epochs that the budget allows; undefined: all. */
  epochs: number | undefined;
}

/**
 * Plans a private run: its noise, and the epochs that its budget allows. Undefined for an ordinary one. Throws PRIVACY_UNSUPPORTED for
 * what would look at private images without being accounted for, and USAGE.
 */
export function planPrivacy(request: PrivacyRequest, emit: Emit): PrivacyPlan | undefined {
  const { values, set } = request;
  if (!values.private) {
    refuseBudget(values);
    refuseMean(request);
    requireUnspent(request);
    return undefined;
  }
  refuseUnaccounted(request);
  const ledger = new PrivacyLedger(termsOf(request));
  const epochs = epochsWithin(ledger, request);
  if (epochs !== undefined) warnOfBudget(ledger, epochs, request, emit);
  const spent = ledger.after(Math.min(values.epochs, epochs ?? Infinity) * set.batches(values.batchSize));
  if ((spent.epsilon ?? Infinity) > WEAK) emit(weakWarning(spent));
  return { ledger, epochs };
}

/** How a private run sees its data: where nothing else is said, scaled in a way that does not depend on the images. */
export function privateSettings(values: TrainConfiguration, { defaults }: PreparedDescription): DataSettings {
  const dependsOnImages = values.scaling === undefined && defaults.scaling === 'standardize';
  return values.private && dependsOnImages ? { ...values, scaling: 'zero-one' } : values;
}

/** An ε above which a guarantee says little. */
const WEAK = 10;

function weakWarning({ epsilon, delta }: PrivacyAccount): Parameters<Emit>[0] {
  return {
    event: 'warning',
    code: 'PRIVACY_WEAK',
    message: `by the end ε is ${epsilon === null ? 'unbounded' : epsilon.toPrecision(3)} at δ ${delta}: such a guarantee says little`,
    hint: 'more noise (--noise-multiplier), fewer --epochs, or a --target-epsilon of at most 8',
  };
}

function termsOf(request: PrivacyRequest): PrivacyTerms {
  const { values, set, origin } = request;
  if (values.resume !== undefined) return storedTerms(origin!);
  const images = set.plan.images.training;
  const sampleRate = Math.min(1, values.batchSize / images);
  const delta = values.delta ?? usualDelta(images);
  if (delta >= 1 / images) {
    throw new ToolkitError('USAGE', {
      message: `--delta ${delta} is not below 1 ÷ ${images} training images: it would allow an image to be published`,
      hint: `use --delta ${usualDelta(images)}, or leave it out`,
    });
  }
  const inherited = inheritedBy(request);
  const mean = meanOf(values);
  return {
    ...{ delta, sampleRate, inherited: [...inherited, ...mean] },
    noiseMultiplier: noiseOf(request, { delta, sampleRate, inherited }, mean),
    clipNorm: values.clipNorm ?? USUAL_CLIP_NORM,
    validation: values.publicValidation ? 'public' : 'unused',
  };
}

/** Those of a run that goes on, from its own account. */
function storedTerms({ path, description: { privacy } }: Checkpoint): PrivacyTerms {
  if (privacy) {
    const { delta, sampleRate, noiseMultiplier, inherited, clipNorm, validation } = privacy;
    return { delta, sampleRate, noiseMultiplier, inherited, clipNorm, validation };
  }
  throw new ToolkitError('CHECKPOINT_REFUSED', {
    path,
    reason: 'its run is private, but it has no privacy account',
  });
}

function noiseOf(
  { values, set }: PrivacyRequest,
  { delta, sampleRate, inherited }: Pick<PrivacyTerms, 'delta' | 'sampleRate' | 'inherited'>,
  spent: PrivacyTerms['inherited'],
): number {
  const { targetEpsilon, noiseMultiplier } = values;
  if ((targetEpsilon === undefined) === (noiseMultiplier === undefined)) {
    throw new ToolkitError('USAGE', {
      message: `--private needs ${targetEpsilon === undefined ? 'its noise' : 'only one'}: --target-epsilon or --noise-multiplier`,
      hint: 'use --target-epsilon 3 to have the noise chosen',
    });
  }
  if (noiseMultiplier !== undefined) return noiseMultiplier;
  if (inherited.length > 0) {
    throw new ToolkitError('PRIVACY_UNSUPPORTED', {
      reason:
        'the weights of --init-from have spent privacy of the same images, which --target-epsilon does not include',
      hint: 'use --noise-multiplier with --max-epsilon, which does',
    });
  }
  const steps = values.epochs * set.batches(values.batchSize);
  return noiseFor({ targetEpsilon: targetEpsilon!, delta, sampleRate, steps, spent });
}

/** What the mean of the features spends, which weights from elsewhere bring with them. */
function meanOf({ features: { name, ...options }, initFrom }: TrainConfiguration): PrivacyTerms['inherited'] {
  const noise = features.get(name)?.meanNoise?.(options as never);
  return noise === undefined || initFrom !== undefined ? [] : [meanEvent(noise)];
}

/** What the weights that a run begins with have spent on its images. */
function inheritedBy({ values, set, origin }: PrivacyRequest): PrivacyTerms['inherited'] {
  if (values.initFrom === undefined || !origin) return [];
  const { privacy } = origin.description;
  if (!hasSeen(origin, set)) return [];
  if (privacy) return eventsOf(privacy);
  throw new ToolkitError('PRIVACY_UNSUPPORTED', {
    reason: `the weights of --init-from ${values.initFrom} have seen the same images without protection`,
    hint: 'begin with weights of other, public images, or of a private run',
  });
}

/**
 * Whether weights have seen images of a data set. One that was prepared differently since, or has grown, still has most of the images that
 * it had. What an imported model has seen nobody knows: it is for its user to say.
 */
function hasSeen({ description: { data, origin } }: Checkpoint, { data: own }: TrainingSet): boolean {
  return data.fingerprint === own.fingerprint || (!origin && data.dataset === own.dataset);
}

function refuseBudget({ maxEpsilon }: TrainConfiguration): void {
  if (maxEpsilon === undefined) return;
  throw new ToolkitError('USAGE', {
    message: '--max-epsilon has no effect without --private',
    hint: 'add --private, or leave out --max-epsilon',
  });
}

function refuseMean({ values, origin }: PrivacyRequest): void {
  if (origin || meanOf(values).length === 0) return;
  throw new ToolkitError('USAGE', {
    message: '--scattering-mean-noise has no effect without --private',
    hint: 'add --private, or leave it out',
  });
}

/** Throws for weights that are protected, which an ordinary run on the same images would expose without a word. */
function requireUnspent({ values, set, origin }: PrivacyRequest): void {
  if (!origin?.description.privacy || !hasSeen(origin, set)) return;
  throw new ToolkitError('PRIVACY_UNSUPPORTED', {
    reason: `the weights of ${values.initFrom ?? values.resume ?? 'the checkpoint'} are private, and training without it would expose the same images`,
    hint: 'add --private',
  });
}

/** The largest ε that a run may spend. */
function limitOf({ maxEpsilon = Infinity, targetEpsilon = Infinity }: TrainConfiguration): number {
  return Math.min(maxEpsilon, targetEpsilon);
}

/** The epochs that the budget allows. Throws USAGE where it allows none. */
function epochsWithin(ledger: PrivacyLedger, { values, set, origin }: PrivacyRequest): number | undefined {
  const limit = limitOf(values);
  if (limit === Infinity) return undefined;
  const allowed = ledger.epochsWithin(limit, values.epochs, set.batches(values.batchSize));
  if (allowed >= values.epochs) return undefined;
  if (allowed > 0 || (values.resume !== undefined && origin)) return allowed;
  throw new ToolkitError('USAGE', {
    message: `the first epoch would already spend more than ε ${limit}`,
    hint: 'use more noise (--noise-multiplier), a smaller --batch-size, or --target-epsilon to have the noise chosen',
  });
}

function warnOfBudget(
  ledger: PrivacyLedger,
  epochs: number,
  { values, set, origin }: PrivacyRequest,
  emit: Emit,
): void {
  const done = values.resume === undefined ? 0 : (origin?.description.progress.history.length ?? 0);
  const last = Math.max(epochs, done);
  const { epsilon } = ledger.after(last * set.batches(values.batchSize));
  emit({
    event: 'warning',
    code: 'PRIVACY_BUDGET',
    message: `training ends after epoch ${last} of ${values.epochs}: ε is then ${(epsilon ?? Infinity).toPrecision(4)}, and another epoch would spend more than ${limitOf(values)}`,
    hint: 'raise --max-epsilon and continue with --resume, or begin anew with more noise',
  });
}

/** Throws for what looks at private images in a way that ε says nothing of. */
function refuseUnaccounted(request: PrivacyRequest): void {
  for (const { when, reason, hint } of UNACCOUNTED) {
    if (when(request)) throw new ToolkitError('PRIVACY_UNSUPPORTED', { reason, hint });
  }
}

interface Unaccounted {
  when: (request: PrivacyRequest) => boolean;
  reason: string;
  hint: string;
}

const UNACCOUNTED: readonly Unaccounted[] = [
  {
    when: ({ set: { data } }) => isSharded(data),
    reason: 'a data set in shards is not sampled as the accountant assumes, each image independently',
    hint: 'preprocess it without --shards',
  },
  {
    when: ({ values }) => values.sampling === 'balanced',
    reason: '--sampling balanced depends on how many images each class has',
    hint: 'leave it out, or use --class-weights FILE with weights that do not come from the images',
  },
  {
    when: ({ values }) => values.classWeights === 'balanced',
    reason: '--class-weights balanced depends on how many images each class has',
    hint: 'use --class-weights FILE with weights that do not come from the images',
  },
  {
    when: ({ values }) => values.findLearningRate,
    reason: '--find-learning-rate looks at the training images without being accounted for',
    hint: 'choose the learning rate on other images, such as public ones',
  },
  {
    when: ({ values }) => isMixing(values),
    reason:
      '--augment-mixup and --augment-cutmix mix the images of a batch, so that no image has a gradient of its own to clip',
    hint: 'leave them out; other --augment-… options look at one image at a time',
  },
  {
    when: ({ values }) => values.earlyStopping !== undefined && !values.publicValidation,
    reason: '--early-stopping looks at the validation images',
    hint: 'leave it out, or declare them public with --public-validation',
  },
  {
    when: ({ values }) => values.reproduce !== undefined,
    reason: 'the samples and the noise of a private run are not stored, so it cannot be repeated',
    hint: 'train a new run with the same options',
  },
  {
    when: ({ values, origin }) => origin === undefined && fitsFeatures(values),
    reason: '--features that are fitted to the training images reveal them',
    hint: 'use --features raw, hog or scattering',
  },
  {
    when: ({ values, set, origin }) =>
      set.plan.scalingName === 'standardize' && (origin === undefined || values.scaling !== undefined),
    reason: '--scaling standardize uses the mean and standard deviation of the training images',
    hint: 'use --scaling zero-one or minus-one-one',
  },
  {
    when: ({ set: { data } }) => (data.cleaning?.dropped ?? 0) + (data.cleaning?.relabelled ?? 0) > 0,
    reason: 'the data set was cleaned: which images were dropped or relabelled depends on the others',
    hint: 'preprocess it without --clean',
  },
  {
    when: ({ values }) => values.precision === 'mixed',
    reason: '--precision mixed may compute the norms of gradients with 16 bits, and so clip too little',
    hint: 'leave it out',
  },
];

function fitsFeatures({ features: { name } }: TrainConfiguration): boolean {
  return features.get(name)?.fit !== undefined;
}
