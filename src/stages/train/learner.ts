import type { Checkpoint } from '../../artifacts/checkpoint.js';
import type { StageContext } from '../../core/events.js';
import { mixing } from '../../models/augmentation/mixing.js';
import { parameterCount, type Model } from '../../models/model.js';
import { TrainingVariables } from '../../models/variables.js';
import { requireKernels } from '../../training/kernels.js';
import { batchLoss, type ClassWeights } from '../../training/losses/loss.js';
import type { Optimizer } from '../../training/optimizers/optimizer.js';
import { lossLimit } from '../../training/privacy/private-gradients.js';
import { requireOwnGradients } from '../../training/privacy/self-check.js';
import type { TrainingProgress } from '../../training/progress.js';
import type { Schedule } from '../../training/schedules/schedule.js';
import type { StepSettings } from '../../training/step.js';
import { planPrivacy, privateSettings, type PrivacyPlan } from './privacy.js';
import { scaledAs, startFrom, withFrozenLayers } from './starting-point.js';
import type { TrainConfiguration } from './train-options.js';
import type { TrainingSession } from './training-session.js';
import { trainingSet, type TrainingSet } from './training-set.js';
import {
  augmentationFor,
  classWeightsFor,
  lossFor,
  modelFor,
  optimizerFor,
  samplingWeights,
  scheduleFor,
} from './training-setup.js';

/** What is trained, and by which rules. */
export interface Learner {
  /** As it is trained: some layers may be frozen. */
  model: Model;
  /** As it was before layers were frozen. */
  whole: Model;
  variables: TrainingVariables;
  optimizer: Optimizer;
  schedule: Schedule;
  settings: StepSettings;
  /** How much each class counts in the choice of the best epoch: as in training. */
  importance: ClassWeights;
}

/** What a configuration says of a learner, and what it takes of others. */
export interface LearnerRequest {
  values: TrainConfiguration;
  session: TrainingSession;
  /** The checkpoint that it goes on from, or takes weights from. */
  origin: Checkpoint | undefined;
  context: StageContext;
  /** Whether several workers share its steps. */
  isShared?: boolean;
}

/** A learner with its data, and where it begins. */
export interface PreparedLearner {
  set: TrainingSet;
  learner: Learner;
  start: TrainingProgress;
  /** Undefined for a run without protection. */
  privacy: PrivacyPlan | undefined;
}

/**
 * Calls a function with the learner of a configuration: its data, its network with the weights that it begins with, and its step. Disposes
 * of them afterwards. Throws the errors of `planPrivacy`, `startFrom`, USAGE, BACKEND_LACKS_KERNELS and PRIVACY_UNSUPPORTED.
 */
export async function withLearner<Result>(
  { values, session: { data, backend }, origin, context: { emit }, isShared }: LearnerRequest,
  use: (prepared: PreparedLearner) => Promise<Result>,
): Promise<Result> {
  const set = trainingSet(data, privateSettings(values, data), (plan) => scaledAs(origin, plan, values));
  const privacy = planPrivacy({ values, set, origin }, emit);
  const model = await modelFor(values, set);
  const trainable = withFrozenLayers(model, values);
  emit({
    event: 'model',
    model: values.model.name,
    description: model.description,
    parameters: parameterCount(model),
  });
  const optimizer = optimizerFor(values);
  const schedule = scheduleFor(values, optimizer);
  const variables = new TrainingVariables(
    trainable,
    optimizer.slots,
    values.seed,
    values.averageWeights !== undefined,
  );
  try {
    const weights = await classWeightsFor(values, set);
    const importance = weights ?? (await samplingWeights(values, set));
    const losses = lossFor(values, weights);
    const settings: StepSettings = {
      clipNorm: values.clipNorm,
      loss: batchLoss(losses, weights),
      augment: augmentationFor(values, set),
      mix: mixing(values),
      isShared,
    };
    requireKernels(
      backend.name,
      `the model ${values.model.name}`,
      trainable,
      variables,
      data.shape,
      settings,
    );
    if (privacy) {
      const { classNames, shape } = data;
      requireOwnGradients(
        { model: trainable, variables, losses, augment: settings.augment },
        shape,
        classNames.length,
      );
      settings.privacy = {
        ...{ ...privacy.ledger.terms, losses },
        batchSize: Math.min(values.batchSize, set.plan.images.training),
        lossLimit: lossLimit(classNames.length, weights),
      };
    }
    const start = startFrom(origin, values, { data, model, variables }, emit);
    const learner = { model: trainable, whole: model, optimizer, schedule, variables, settings, importance };
    return await use({ set, learner, start, privacy });
  } finally {
    set.dispose();
    variables.dispose();
  }
}
