import { dirname } from 'node:path';

import { z } from 'zod';

import { readCheckpoint, type Checkpoint } from '../artifacts/checkpoint.js';
import type { PreparedData, PreparedDescription } from '../artifacts/prepared.js';
import { imagesIn, isSharded, readShardOf, type ShardedData } from '../artifacts/sharded.js';
import { resolveCheckpoint, RunFolder } from '../artifacts/run.js';
import { ToolkitError } from '../core/errors.js';
import { silentContext, type StageContext } from '../core/events.js';
import { exists, writeFileAtomically } from '../core/files.js';
import { allIndices, type LabelledImages } from '../engine/images.js';
import { labelsAt } from '../evaluation/classify.js';
import { ClassificationTally, type ClassificationMetrics } from '../evaluation/metrics.js';
import { backendOptions, executionMode, startChosenBackend } from './backend-options.js';
import { CheckpointClassifier } from './classify-images.js';
import { checkpointsDirOption, dataDirOption, datasetOption } from './options.js';
import { prepareStored, splitOf } from './prepare-data.js';

export const splitNames = ['test', 'validation', 'training'] as const;

/** The options of `evaluate`, beside the checkpoint. */
export const evaluateFields = z.strictObject({
  split: z.enum(splitNames).default('test').meta({ description: 'which images are classified' }),
  dataset: datasetOption
    .unwrap()
    .optional()
    .meta({ description: 'data set, by name; else the one that the model was trained on' }),
  minAccuracy: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .meta({ description: 'fail (exit code 5) if the accuracy is lower', placeholder: 'X' }),
  report: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'where the report goes; else into the run’s folder', placeholder: 'FILE' }),
  dataDir: dataDirOption,
  checkpointsDir: checkpointsDirOption,
  ...backendOptions,
});

export type EvaluateOptions = z.output<typeof evaluateFields>;

/** How a checkpoint does on a split of a data set. */
export interface Evaluation extends ClassificationMetrics {
  checkpoint: string;
  run: string;
  model: string;
  dataset: string;
  split: (typeof splitNames)[number];
  backend: string;
  device: string;
  seconds: number;
  imagesPerSecond: number;
  /** Where the report was written, if it was. */
  report: string | null;
}

/**
 * Stage 4: classifies the images of a split with a checkpoint, and measures how well.
 *
 * @param name a checkpoint file, a run's folder or name, or `latest`
 *
 * Throws CHECKPOINT_MISSING, CHECKPOINT_CORRUPT, CHECKPOINT_REFUSED, and what the earlier stages and `startBackend` throw.
 */
export async function evaluate(
  name: string,
  options: EvaluateOptions,
  context: StageContext = silentContext(),
): Promise<Evaluation> {
  const checkpoint = await readCheckpoint(await resolveCheckpoint(name, options.checkpointsDir));
  const { description } = checkpoint;
  const dataset = options.dataset ?? description.data.dataset;
  const data = await prepareStored({ dataset, dataDir: options.dataDir }, context);
  requireFit(checkpoint, data);
  warnOfOtherData(checkpoint, data, context);
  const backend = await startChosenBackend(options, context);
  const started = performance.now();
  const metrics = await measure(checkpoint, data, options, context);
  const seconds = (performance.now() - started) / 1000;
  const evaluation: Evaluation = {
    checkpoint: checkpoint.path,
    run: description.run,
    model: description.model.name,
    dataset,
    split: options.split,
    backend: backend.name,
    device: backend.device,
    ...metrics,
    seconds,
    imagesPerSecond: metrics.n / seconds,
    report: await reportPath(options, checkpoint, dataset),
  };
  if (evaluation.report !== null) {
    await writeFileAtomically(evaluation.report, `${JSON.stringify(evaluation, undefined, 2)}\n`);
  }
  return evaluation;
}

async function measure(
  checkpoint: Checkpoint,
  data: PreparedData | ShardedData,
  options: EvaluateOptions,
  { signal }: StageContext,
): Promise<ClassificationMetrics> {
  const tally = new ClassificationTally(checkpoint.description.classNames);
  const classifier = new CheckpointClassifier(checkpoint, executionMode(options));
  try {
    for await (const { images, indices } of partsOf(options.split, checkpoint, data)) {
      tally.add(await classifier.classify(images, { signal, indices }), labelsAt(images.labels, indices));
    }
  } finally {
    classifier.dispose();
  }
  return tally.metrics();
}

/** The images of a split: all at once, or shard by shard. */
async function* partsOf(
  split: EvaluateOptions['split'],
  checkpoint: Checkpoint,
  data: PreparedData | ShardedData,
): AsyncGenerator<{ images: LabelledImages; indices: Int32Array }> {
  if (!isSharded(data)) return yield chooseSplit(split, checkpoint, data);
  if (imagesIn(data, split) === 0) throw withoutSplit(split);
  for (const shard of data.shards[split].keys()) {
    const images = await readShardOf(data, split, shard);
    yield { images, indices: allIndices(images.count) };
  }
}

/** Refuses a checkpoint that was trained for other images or classes. Throws CHECKPOINT_REFUSED. */
export function requireFit(
  { path, description }: Checkpoint,
  { shape, classNames, dataset }: PreparedDescription,
): void {
  const { height, width, channels } = description.shape;
  const trained = `${height}×${width}×${channels}`;
  const found = `${shape.height}×${shape.width}×${shape.channels}`;
  if (trained !== found) {
    const reason = `trained on images of ${trained}, and ${dataset} has ${found}`;
    throw new ToolkitError('CHECKPOINT_REFUSED', { path, reason });
  }
  if (description.classNames.length !== classNames.length) {
    const reason = `trained for ${description.classNames.length} classes, and ${dataset} has ${classNames.length}`;
    throw new ToolkitError('CHECKPOINT_REFUSED', { path, reason });
  }
}

/** Warns where a data set is not the one of its name that a model was trained on. */
export function warnOfOtherData(
  { description }: Checkpoint,
  data: PreparedDescription,
  { emit }: StageContext,
): void {
  const { dataset, fingerprint } = description.data;
  if (dataset !== data.dataset || fingerprint === data.fingerprint) return;
  emit({
    event: 'warning',
    code: 'DATA_CHANGED',
    message: `the data set "${dataset}" is not the one that the checkpoint was trained on`,
    hint: 'its training and validation splits are other images; collect the original again to compare',
  });
}

/** The very split that the checkpoint was trained with, or the test images. */
export function chooseSplit(
  split: EvaluateOptions['split'],
  { description: { data } }: Checkpoint,
  prepared: PreparedData,
): { images: LabelledImages; indices: Int32Array } {
  const { train, test } = prepared;
  if (split === 'test') {
    return { images: test, indices: allIndices(test.count) };
  }
  const indices = splitOf(prepared, data.validationSplit, data.splitSeed)[split];
  if (indices.length > 0) return { images: train, indices };
  throw withoutSplit(split);
}

function withoutSplit(split: string): ToolkitError {
  return new ToolkitError('USAGE', {
    message: `--split ${split}: the model was trained without a ${split} split`,
    hint: 'use --split test',
  });
}

async function reportPath(
  { report, split }: EvaluateOptions,
  { path, description }: Checkpoint,
  dataset: string,
): Promise<string | null> {
  if (report !== undefined) return report;
  const folder = new RunFolder(dirname(path));
  const isRun = (await exists(folder.config)) && folder.name === description.run;
  return isRun ? folder.report(dataset, split) : null;
}
