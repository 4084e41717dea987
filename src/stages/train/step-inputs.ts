import { isSharded } from '../../artifacts/sharded.js';
import type { StageContext } from '../../core/events.js';
import { count } from '../../core/format.js';
import { executionMode } from '../../engine/backends/options.js';
import type { DeviceImages } from '../../engine/running/device-images.js';
import { allIndices } from '../../core/images.js';
import { featureBytes, featuresAt, inPlaceOf, type ComputeContext } from './compute-features.js';
import { centre, estimateMean, lacksMean } from './feature-mean.js';
import type { PrivacyPlan } from './privacy.js';
import type { FixedFeatures, Model } from '../../models/model.js';
import type { TrainingVariables } from '../../models/variables.js';
import type { StepSettings } from '../../training/step.js';
import type { TrainConfiguration } from './train-options.js';
import type { TrainingSet } from './training-set.js';

/** More are computed anew in each step. */
const MOST_BYTES = 2 ** 31;
/** Fewer are not worth a word. */
const LEAST_NOTICED = 2 ** 26;

/** What the steps of a run take, and the network that takes it. */
export interface StepInputs {
  /** All of the network; or what follows the features. */
  model: Model;
  /** The images; or their features. */
  training: DeviceImages;
  validation: DeviceImages;
}

/** A run whose steps are to be made. */
interface Steps {
  values: TrainConfiguration;
  set: TrainingSet;
  learner: { model: Model; variables: TrainingVariables; settings: StepSettings };
  privacy: PrivacyPlan | undefined;
  context: StageContext;
}

/**
 * The inputs of a run's steps. Features that neither training nor augmentation changes are computed once, unless they would take too much
 * memory. Throws the errors of the backend, or the signal's reason.
 */
export async function stepInputs(run: Steps): Promise<StepInputs> {
  const { set } = run;
  const { model, variables, settings } = run.learner;
  const { fixedFeatures } = model;
  const [training, validation] = [await set.place('training'), await set.place('validation')];
  if (!fixedFeatures) return { model, training, validation };
  const context: ComputeContext = { signal: run.context.signal, mode: executionMode(run.values) };
  const isCentred = needsMean(run, fixedFeatures);
  const isChanged = settings.augment !== undefined || settings.mix !== undefined;
  const changes = isChanged || isSharded(set.data);
  if (changes || !isAffordable(run, fixedFeatures, training.count)) {
    if (isCentred) {
      const { indices } = await set.sample();
      await estimateMean(fixedFeatures, training, indices, variables, context);
    }
    return { model, training, validation };
  }
  const compute = (images: DeviceImages): Promise<Float32Array> =>
    featuresAt(fixedFeatures, images, variables.values(), allIndices(images.count), context);
  const features = await compute(training);
  if (isCentred) centre(features, (await set.sample()).indices, fixedFeatures, variables);
  const computed = inPlaceOf(training, fixedFeatures, features);
  // Both splits are parts of the same images.
  return {
    model: fixedFeatures.model,
    training: computed,
    validation:
      validation === training ? computed : inPlaceOf(validation, fixedFeatures, await compute(validation)),
  };
}

/** Whether a run is to estimate the mean of its features: what it spends is in the run's account. */
function needsMean({ values, privacy, learner }: Steps, { centering }: FixedFeatures): boolean {
  if (!centering || !privacy || values.initFrom !== undefined) return false;
  return lacksMean(learner.variables, centering);
}

/** Whether features fit into the memory that they may take; says how much that is. */
function isAffordable({ context: { emit } }: Steps, features: FixedFeatures, images: number): boolean {
  const bytes = featureBytes(images, features);
  const fits = bytes <= Math.min(MOST_BYTES, process.availableMemory());
  const all = `the features of ${count(images)} images`;
  const size = `${count(Math.ceil(bytes / 1e6))} MB of memory`;
  if (!fits) {
    const message = `${all} would take ${size}: they are computed in each step, which is slower`;
    emit({ event: 'notice', message });
  } else if (bytes >= LEAST_NOTICED) {
    emit({ event: 'notice', message: `computing ${all} once; they take ${size}` });
  }
  return fits;
}
