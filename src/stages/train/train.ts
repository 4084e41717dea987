import { memory } from '@tensorflow/tfjs-core';

import { EventFile } from '../../artifacts/event-file.js';
import { resolveRun, RunFolder } from '../../artifacts/run.js';
import type { ActiveBackend } from '../../engine/backends/backend.js';
import {
  type Emit,
  type EpochEvent,
  silentContext,
  type StageContext,
  type ToolkitEvent,
} from '../../core/events.js';
import { ToolkitError } from '../../core/errors.js';
import { currentKeyring } from '../../core/encryption/session.js';
import { withFolder, removeTemporaryFiles } from '../../core/files.js';
import { withLock } from '../../core/lock.js';
import { DistributedTraining } from '../../engine/distributed/distributed-training.js';
import type { WorkerGroup } from '../../engine/distributed/worker-group.js';
import { trainingProgram } from '../../engine/running/prepare.js';
import type { Forward, InferenceProgram } from '../../engine/running/program.js';
import { betterOf, isOwnMetric, OwnMetricTally, scoreOf } from '../../evaluation/own/measure.js';
import { PredictionCounts } from '../../evaluation/prediction-counts.js';
import { epochScalars } from '../../training/epoch-scalars.js';
import { startsOverfitting, generalizationGap } from '../../training/gap.js';
import { trainEpochs, type TrainingParts } from '../../training/loop.js';
import {
  bestEpoch,
  stepsIn,
  type TrainingProgress,
  type ValidationMetrics,
} from '../../training/progress.js';
import { noOutput, RunWriter, type RunOutput } from '../../training/run-writer.js';
import { trainingStep } from '../../training/step.js';
import { executionMode } from '../../engine/backends/options.js';
import { withHint } from '../../core/interruption.js';
import { withUsualEpochs } from './data-defaults.js';
import { withLearner, type Learner } from './learner.js';
import { measureTest } from './measure-test.js';
import { newRunFolder } from './name-run.js';
import type { PrivacyPlan } from './privacy.js';
import { compareWithOriginal, openOriginal } from './reproduction.js';
import { readOrigin } from './starting-point.js';
import { resumeCommand, type TrainConfiguration, type TrainResolution } from './train-options.js';
import { describeRun } from './training-setup.js';
import { stepInputs } from './step-inputs.js';
import type { TrainingSet } from './training-set.js';
import { takeFirstWeights } from './workers/first-weights.js';
import { launchWorkers } from './workers/launch-workers.js';
import { runInference } from './workers/run-inference.js';
import { requireSameStart } from './workers/same-start.js';
import { requireSupportedBackend, requireSupportedOptions } from './workers/supported.js';
import { threadsOfWorker } from './workers/threads.js';
import { firstThenOthers, together } from './workers/together.js';
import type { TrainContext, TrainResult } from './train-result.js';
import { openSession, type TrainingSession } from './training-session.js';

export type { TrainContext, TrainResult } from './train-result.js';

/**
 * Stage 3: trains a model and writes a run's folder with its checkpoints; stages 1 and 2 are run first where they are
 * missing. In the end the best epoch's weights are measured on the test images.
 *
 * Throws what the earlier stages and `startBackend` throw, and RUN_EXISTS, FOLDER_BUSY, CHECKPOINT_MISSING,
 * CHECKPOINT_CORRUPT, CHECKPOINT_REFUSED, BACKEND_LACKS_KERNELS, TRAINING_DIVERGED and storage errors. Aborted, it saves
 * its state first, and throws the signal's reason with a hint how to go on.
 */
export async function train(
  resolution: TrainResolution,
  context: TrainContext = silentContext(),
): Promise<TrainResult> {
  refuseRangeTest(resolution.values);
  const { resume, checkpointsDir, workers, elastic } = resolution.values;
  if (workers > 1 || elastic !== undefined) return launchWorkers(resolution, context);
  const started = performance.now();
  const folder = await (resume === undefined
    ? newRunFolder(resolution.values)
    : resolveRun(resume, checkpointsDir));
  const trainAlone = async (): Promise<Omit<TrainResult, 'seconds'>> => {
    await removeTemporaryFiles(folder.path);
    const { values } = resolution;
    const session = await openSession(values, context);
    const original = await openOriginal(values, session, context);
    const adapt: Adapt = (images) => withUsualEpochs(resolution, images, context.emit);
    const trained = await withRun(folder, resolution, session, context, trainAndTest, adapt);
    const reproduction = original ? await compareWithOriginal(original, folder) : null;
    return { ...trained, reproduction };
  };
  const result = await withFolder(folder.path, () => withLock(folder.lock, { waitMs: 0 }, trainAlone));
  return { ...result, seconds: (performance.now() - started) / 1000 };
}

function refuseRangeTest({ findLearningRate }: TrainConfiguration): void {
  if (!findLearningRate) return;
  throw new ToolkitError('USAGE', {
    message: 'findLearningRate asks for a test of learning rates, and not for training',
    hint: 'call findLearningRate() with these options, or leave it out',
  });
}

/**
 * Trains a run as `train` does, in a session that is open and a folder that is the run's, without measuring anything on the
 * test images: for those who choose between runs. Throws what `train` throws once it has the folder.
 */
export async function trainInSession(
  folder: RunFolder,
  resolution: TrainResolution,
  session: TrainingSession,
  context: StageContext,
): Promise<TrainingProgress> {
  const trainAlone = async (): Promise<TrainingProgress> => {
    await removeTemporaryFiles(folder.path);
    return withRun(folder, resolution, session, context, (run) => runEpochs(run));
  };
  return withFolder(folder.path, () => withLock(folder.lock, { waitMs: 0 }, trainAlone));
}

/** The settings of a run on so many training images. */
type Adapt = (images: number) => TrainResolution;

/**
 * Trains a run as `train` does, together with other workers: all of them call it alike. The first has the run's folder and the result; the
 * others have none. Throws what `train` throws, WORKERS_UNSUPPORTED, WORKER_DIFFERS, WORKER_LOST and MPI_FAILED.
 */
export async function trainShare(
  resolution: TrainResolution,
  context: TrainContext,
  group: WorkerGroup,
): Promise<TrainResult | undefined> {
  const started = performance.now();
  const { values } = resolution;
  const signal = AbortSignal.any([context.signal, group.signal]);
  const own: TrainContext = { ...context, signal, group, ...(!group.isFirst && { emit: () => undefined }) };
  await together(group, () => {
    requireSupportedOptions(values, group.size);
  });
  const folder = await sharedFolder(resolution, group);
  const defaultThreads = await threadsOfWorker(group);
  const trainAlone = async (): Promise<TrainResult | undefined> => {
    if (group.isFirst) await removeTemporaryFiles(folder.path);
    const adapt: Adapt = (images) => withUsualEpochs(resolution, images, own.emit);
    const session = await firstThenOthers(group, () => openSession(values, own, { defaultThreads }));
    await together(group, () => {
      requireSupportedBackend(session.backend);
    });
    const trained = await withRun(folder, resolution, session, own, trainAndTest, adapt);
    if (!group.isFirst) return undefined;
    return { ...trained, reproduction: null, seconds: (performance.now() - started) / 1000 };
  };
  if (!group.isFirst) return trainAlone();
  return withFolder(folder.path, () => withLock(folder.lock, { waitMs: 0 }, trainAlone));
}

/** The folder of the run, as the first worker chooses it. */
async function sharedFolder({ values }: TrainResolution, group: WorkerGroup): Promise<RunFolder> {
  const { resume, checkpointsDir } = values;
  const found = await together(group, async () => {
    if (!group.isFirst) return undefined;
    return resume === undefined ? newRunFolder(values) : resolveRun(resume, checkpointsDir);
  });
  const path = await group.broadcast(found?.path ?? '');
  return found ?? new RunFolder(path);
}

async function withRun<Result>(
  folder: RunFolder,
  given: TrainResolution,
  session: TrainingSession,
  context: TrainContext,
  use: (run: Run) => Promise<Result>,
  adapt: Adapt = () => given,
): Promise<Result> {
  const { emit, group } = context;
  const { backend } = session;
  const origin = await readOrigin(folder, given, session.data, emit);
  const request = { values: given.values, session, origin, context, isShared: group !== undefined };
  return withLearner(request, async ({ set, learner, start, privacy }) => {
    const { whole, variables } = learner;
    const resolution = adapt(set.plan.images.training);
    const { values } = resolution;
    const resumed = values.resume === undefined ? {} : { resumedFromEpoch: start.history.length };
    requireValidation(values, set);
    emit({ event: 'run', run: folder.name, folder: folder.path, ...resumed });
    const description = describeRun(folder.name, resolution, set, whole, backend, origin);
    const batches = set.batches(values.batchSize);
    if (group) await requireSameStart(group, resolution, backend, set, variables);
    const writer =
      group?.isFirst === false ? noOutput() : new RunWriter(folder, description, variables, batches, emit);
    if (privacy) writer.privacy = (steps) => privacy.ledger.after(steps);
    await writer.begin(start);
    return use({
      output: { folder, writer },
      ...{ values, set, backend, learner, start, privacy, context },
    });
  });
}

/**
 * Throws USAGE where there are no validation images for the metric of `--metric`, or none that may be looked at; PLUGIN_FAILED for one
 * that does not say which values are better.
 */
function requireValidation(
  { metric, private: isPrivate, publicValidation }: TrainConfiguration,
  { plan: { images } }: TrainingSet,
): void {
  if (!isOwnMetric(metric)) return;
  betterOf(metric.name);
  if (images.validation === 0) {
    throw new ToolkitError('USAGE', {
      message: '--metric is measured on the validation split, and there is none',
      hint: 'add --validation-split 0.1, or measure it with "mnist evaluate RUN --metric FILE"',
    });
  }
  if (!isPrivate || publicValidation) return;
  throw new ToolkitError('USAGE', {
    message: '--metric is measured on the validation images, which a private run does not look at',
    hint: 'add --public-validation if they are public, or measure it with "mnist evaluate RUN --metric FILE"',
  });
}

/** A training run that is set up. */
interface Run {
  values: TrainConfiguration;
  set: TrainingSet;
  backend: ActiveBackend;
  learner: Learner;
  output: { folder: RunFolder; writer: RunOutput };
  start: TrainingProgress;
  /** Undefined for a run without protection. */
  privacy: PrivacyPlan | undefined;
  context: TrainContext;
}

function forwardOf({ model, variables }: Pick<Learner, 'model' | 'variables'>): Forward {
  return (images) => model.apply(images, variables.finalValues());
}

async function trainAndTest(run: Run): Promise<Omit<TrainResult, 'seconds' | 'reproduction'>> {
  const { values, set, backend, context } = run;
  const { folder, writer } = run.output;
  const progress = await runEpochs(run).catch((error: unknown) => {
    throw context.signal.aborted
      ? withHint(error, `continue with "${resumeCommand('train', folder.name, values)}"`)
      : error;
  });
  const checkpoint = await restoreBest(run, progress);
  const best = bestEpoch(progress.history)!;
  return {
    run: folder.name,
    folder: folder.path,
    checkpoint,
    dataset: set.data.dataset,
    model: values.model.name,
    backend: backend.name,
    backendVersion: backend.version,
    device: backend.device,
    threads: backend.threads,
    execution: writer.execution(),
    epochs: progress.history.length,
    bestEpoch: best.epoch,
    validation: best.validation,
    gap: generalizationGap(best),
    test: { ...(await measureTest(run, forwardOf(run.learner))), n: set.plan.images.test },
    ...(run.privacy && {
      privacy: run.privacy.ledger.after(stepsIn(progress, set.batches(values.batchSize))),
    }),
  };
}

/** Restores the weights of the best epoch, on all workers. Returns the path of its checkpoint. */
async function restoreBest(
  { output: { writer }, learner: { variables }, context: { group } }: Run,
  progress: TrainingProgress,
): Promise<string> {
  if (!group) return writer.restoreBest(progress);
  const checkpoint = await together(group, () => (group.isFirst ? writer.restoreBest(progress) : ''));
  if (bestEpoch(progress.history) !== progress.history.at(-1)) await takeFirstWeights(group, variables);
  return checkpoint;
}

async function runEpochs(run: Run): Promise<TrainingProgress> {
  const { values, set, start, privacy, backend } = run;
  const { folder, writer } = run.output;
  const { variables, optimizer, schedule, settings } = run.learner;
  const { signal, emit, onEpoch, group } = run.context;
  const { epochs, stopAfter, averageWeights, earlyStopping } = values;
  const end = Math.min(epochs, stopAfter ?? Infinity, privacy?.epochs ?? Infinity);
  if (start.history.length >= end) return start;
  const { model, training, validation } = await stepInputs(run);
  const step = trainingStep(model, optimizer, variables, settings);
  const mode = executionMode(values);
  const program = group
    ? new DistributedTraining(step, training, group)
    : trainingProgram(step, training, mode, values.accumulate);
  const forward = forwardOf({ model, variables });
  const inference = runInference(forward, validation, set.data.classNames.length, mode, group);
  writer.execution = () => program.execution ?? null;
  const events = group?.isFirst === false ? undefined : eventFile(folder, start.history.length + 1, emit);
  const parts: TrainingParts = {
    source: privacy
      ? set.privateEpochs(program, { batchSize: values.batchSize, threads: backend.threads })
      : set.epochs(program, values),
    optimizer,
    // Images of which nobody says that they are public are not looked at.
    validate: () =>
      privacy && !values.publicValidation ? Promise.resolve(null) : validateOnce(run, inference),
    onEpoch: async (progress, record) => {
      // Before the checkpoint: an epoch that is lost between the two is done and recorded again.
      await events?.append(record.epoch, epochScalars(record));
      await writer.epoch(progress, record);
      const event: EpochEvent = {
        ...{ event: 'epoch', epochs, ...record },
        ...{ gap: generalizationGap(record), ...memoryUse() },
      };
      emit(event);
      if (startsOverfitting(progress.history)) emit(gapWarning);
      if (!onEpoch) return undefined;
      if (!group) return onEpoch(event);
      // The first worker's answer is that of all.
      return group.broadcast(group.isFirst && (await onEpoch(event)) === 'stop' ? 'stop' : null);
    },
    onPause: (progress) => writer.pause(progress),
    onBatches: emit,
    signal,
  };
  try {
    const plan = { epochs, stopAfter: end, schedule, averageWeights, earlyStopping };
    return await trainEpochs(plan, start, parts);
  } finally {
    program.dispose();
    inference.dispose();
  }
}

/** TensorBoard reads plaintext alone. */
function eventFile({ path }: RunFolder, firstStep: number, emit: Emit): EventFile | undefined {
  if (!currentKeyring().encrypts) return new EventFile(path, firstStep);
  emit({ event: 'notice', message: 'the run is encrypted, and has no event file for TensorBoard' });
  return undefined;
}

/** Validates; workers take the result of the first one, as they must agree on when to end. */
async function validateOnce(run: Run, inference: InferenceProgram): Promise<ValidationMetrics | null> {
  const { group } = run.context;
  if (!group) return validate(run, inference);
  return group.broadcast(await validate(run, inference));
}

/**
 * Loss and accuracy on the validation split, the accuracy by class weights where classes do not count the same, and the metric that was
 * chosen beside them.
 */
async function validate(
  { set, values, learner: { importance }, context: { signal } }: Run,
  inference: InferenceProgram,
): Promise<ValidationMetrics | null> {
  const { classNames } = set.data;
  const { metric: chosen, bestBy } = values;
  const counts = importance && new PredictionCounts(classNames.length);
  const own = isOwnMetric(chosen) ? new OwnMetricTally() : undefined;
  const tallies = [counts, own].filter((tally) => tally !== undefined);
  const metrics = await set.measure('validation', inference, signal, tallies);
  if (!metrics) return null;
  const metric = own?.measure(chosen, classNames);
  return {
    ...metrics,
    ...(counts && { weightedAccuracy: counts.weightedAccuracy(importance) }),
    ...(metric && { metric }),
    ...(metric && bestBy === 'metric' && { score: scoreOf(metric) }),
  };
}

const gapWarning: ToolkitEvent = {
  event: 'warning',
  code: 'GAP_OPENED',
  message:
    'the model is overfitting: the loss falls on the training images and rises on the validation split',
  hint: 'augmentation (--augment-shift 2), dropout, --weight-decay or --early-stopping 3 help; the best epoch is kept',
};

/** Leaks show here from epoch to epoch. */
function memoryUse(): { tensors: number; residentBytes: number } {
  return { tensors: memory().numTensors, residentBytes: process.memoryUsage.rss() };
}
