import { memory } from '@tensorflow/tfjs-core';

import { readCheckpoint } from '../artifacts/checkpoint.js';
import { resolveCheckpoint, resolveRun, type RunFolder } from '../artifacts/run.js';
import type { ActiveBackend } from '../backends/backend.js';
import { isToolkitError, ToolkitError } from '../core/errors.js';
import { silentContext, type Metrics, type StageContext } from '../core/events.js';
import { makeFolder, removeTemporaryFiles } from '../core/files.js';
import { withLock } from '../core/lock.js';
import { inferenceProgram, trainingProgram } from '../engine/prepare.js';
import type { Execution, Forward } from '../engine/program.js';
import { parameterCount, type Model } from '../models/model.js';
import { requireKernels } from '../training/kernels.js';
import { trainEpochs, type TrainingParts } from '../training/loop.js';
import { bestEpoch, noProgress, type TrainingProgress } from '../training/progress.js';
import { RunWriter, type RunDescription } from '../training/run-writer.js';
import { trainingStep } from '../training/step.js';
import { TrainingVariables } from '../training/variables.js';
import { executionMode, startChosenBackend } from './backend-options.js';
import { newRunFolder } from './name-run.js';
import { prepareStored } from './prepare-data.js';
import type { TrainConfiguration, TrainResolution } from './train-options.js';
import { describeRun, modelFor, optimizerFor, requireSameData, scheduleFor } from './training-setup.js';
import { trainingSet, type TrainingSet } from './training-set.js';

/** What a training run ends with. */
export interface TrainResult {
  run: string;
  folder: string;
  /** The best checkpoint: the one that `test` was measured with. */
  checkpoint: string;
  dataset: string;
  model: string;
  backend: string;
  backendVersion: string;
  device: string;
  threads: number;
  /** How the training step was run; null where nothing was left to train. */
  execution: Execution | null;
  epochs: number;
  bestEpoch: number;
  validation: Metrics | null;
  test: Metrics & { n: number };
  /** From the start of the stage to its end. */
  seconds: number;
}

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
  context: StageContext = silentContext(),
): Promise<TrainResult> {
  const started = performance.now();
  const { resume, checkpointsDir } = resolution.values;
  const folder = await (resume === undefined
    ? newRunFolder(resolution.values)
    : resolveRun(resume, checkpointsDir));
  await makeFolder(folder.path);
  const result = await withLock(folder.lock, { waitMs: 0 }, () => trainIn(folder, resolution, context));
  return { ...result, seconds: (performance.now() - started) / 1000 };
}

async function trainIn(
  folder: RunFolder,
  resolution: TrainResolution,
  context: StageContext,
): Promise<Omit<TrainResult, 'seconds'>> {
  const { emit } = context;
  const { values } = resolution;
  await removeTemporaryFiles(folder.path);
  const data = await prepareStored(values, context);
  const backend = await startChosenBackend(values, context);
  const set = trainingSet(data, values);
  const model = await modelFor(values, set);
  emit({
    event: 'model',
    model: values.model.name,
    description: model.description,
    parameters: parameterCount(model),
  });
  const variables = new TrainingVariables(
    model,
    optimizerFor(values).slots,
    values.seed,
    values.averageWeights !== undefined,
  );
  try {
    requireKernels(backend.name, `the model ${values.model.name}`, model, variables, data.shape, values);
    const start = await startingPoint(folder, values, set, variables);
    const resumed = values.resume === undefined ? {} : { resumedFromEpoch: start.history.length };
    emit({ event: 'run', run: folder.name, folder: folder.path, ...resumed });
    const description = describeRun(folder.name, resolution, set, model, backend);
    const run = { folder, values, set, backend, model, variables, description, start, context };
    return await trainAndTest(run);
  } finally {
    set.dispose();
    variables.dispose();
  }
}

/** Where training begins: at a run's last checkpoint, at the weights of another one, or at nothing. */
async function startingPoint(
  folder: RunFolder,
  { resume, initFrom, checkpointsDir }: TrainConfiguration,
  { data }: TrainingSet,
  variables: TrainingVariables,
): Promise<TrainingProgress> {
  if (resume === undefined && initFrom === undefined) return noProgress;
  // A run that is resumed has weights of its own, whatever it was begun with.
  const isNew = resume === undefined && initFrom !== undefined;
  const path = isNew ? await resolveCheckpoint(initFrom, checkpointsDir) : folder.last;
  const checkpoint = await readCheckpoint(path);
  const misfit = variables.load(checkpoint.tensors, resume === undefined ? 'parameters' : 'everything');
  if (misfit !== undefined) throw new ToolkitError('CHECKPOINT_REFUSED', { path, reason: misfit });
  if (resume === undefined) return noProgress;
  requireSameData(checkpoint, data);
  const { history, partial } = checkpoint.description.progress;
  return { history, partial };
}

interface Run {
  folder: RunFolder;
  values: TrainConfiguration;
  set: TrainingSet;
  backend: ActiveBackend;
  model: Model;
  variables: TrainingVariables;
  description: RunDescription;
  start: TrainingProgress;
  context: StageContext;
}

async function trainAndTest(run: Run): Promise<Omit<TrainResult, 'seconds'>> {
  const { folder, values, set, backend, model, variables, context } = run;
  const forward: Forward = (images) => model.apply(images, variables.finalValues());
  const { progress, writer } = await runEpochs(run, forward).catch((error: unknown) => {
    throw withWayOn(error, folder.name, context.signal);
  });
  const checkpoint = await writer.restoreBest(progress);
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
    test: { ...(await measureTest(run, forward)), n: set.plan.images.test },
  };
}

async function runEpochs(
  run: Run,
  forward: Forward,
): Promise<{ progress: TrainingProgress; writer: RunWriter }> {
  const { folder, values, set, model, variables, description, start, context } = run;
  const { signal, emit } = context;
  const { epochs, averageWeights, earlyStopping, optimizer: settings } = values;
  const schedule = scheduleFor(values);
  const optimizer = optimizerFor(values);
  const program = trainingProgram(
    trainingStep(model, optimizer, variables, values),
    await set.place('training'),
    executionMode(values),
  );
  const inference = inferenceProgram(
    forward,
    await set.place('validation'),
    set.data.classNames.length,
    executionMode(values),
  );
  const source = set.epochs(program, values);
  const writer = new RunWriter(folder, description, variables, source.batches, emit);
  writer.execution = () => program.execution ?? null;
  const parts: TrainingParts = {
    source,
    optimizer,
    validate: () => set.measure('validation', inference, signal),
    onEpoch: async (progress, record) => {
      await writer.epoch(progress, record);
      emit({ event: 'epoch', epochs, ...record, ...memoryUse() });
    },
    onPause: (progress) => writer.pause(progress),
    onBatches: emit,
    signal,
  };
  try {
    await writer.begin(start);
    const { learningRate } = settings;
    const plan = { epochs, learningRate, schedule, averageWeights, earlyStopping };
    return { progress: await trainEpochs(plan, start, parts), writer };
  } finally {
    program.dispose();
    inference.dispose();
  }
}

async function measureTest({ set, context, values }: Run, forward: Forward): Promise<Metrics> {
  const images = await set.place('test');
  const inference = inferenceProgram(forward, images, set.data.classNames.length, executionMode(values));
  try {
    return (await set.measure('test', inference, context.signal))!;
  } finally {
    inference.dispose();
  }
}

/** Leaks show here from epoch to epoch. */
function memoryUse(): { tensors: number; residentBytes: number } {
  return { tensors: memory().numTensors, residentBytes: process.memoryUsage.rss() };
}

/** An interruption says how the run is continued. */
function withWayOn(error: unknown, run: string, signal: AbortSignal): unknown {
  if (!signal.aborted || !isToolkitError(error)) return error;
  if (error.code !== 'INTERRUPTED' && error.code !== 'TERMINATED') return error;
  return new ToolkitError(
    error.code,
    { hint: `continue with "mnist train --resume ${run}"` },
    { cause: error },
  );
}
