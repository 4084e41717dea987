import { readCheckpoint, type Checkpoint, type CheckpointDescription } from '../../artifacts/checkpoint.js';
import { resolveRun, type RunFolder } from '../../artifacts/run.js';
import { loadFloats } from '../../artifacts/safetensors.js';
import type { ActiveBackend } from '../../engine/backends/backend.js';
import { ToolkitError } from '../../core/errors.js';
import { planModel } from '../../models/load-model.js';
import type { Metrics, StageContext } from '../../core/events.js';
import { processorName } from '../../core/processes.js';
import { version } from '../../core/version.js';
import { bestEpoch } from '../../training/progress.js';
import type { TrainConfiguration } from './train-options.js';
import { requireSameData } from './training-setup.js';
import type { TrainingSession } from './training-session.js';

/** How far a run that repeats another one came to the same. */
export interface Reproduction {
  /** The run that was repeated. */
  of: string;
  /** Whether all weights and the optimiser's state are the same, bit for bit. */
  identical: boolean;
  /** Of the weights. */
  largestDifference: number;
  /** Best epoch, then and now: on the validation split, or else on the training images. */
  original: Metrics;
  reproduced: Metrics;
  /** In what the two runs were not alike, though they could have been. */
  circumstances: string[];
}

/** A run that is to be repeated. */
export interface Original {
  run: string;
  /** Its last checkpoint; its best, where it was stopped in the middle of an epoch. */
  checkpoint: Checkpoint;
  circumstances: string[];
}

/**
 * Opens the run that a configuration repeats, and warns of what is otherwise than it was then. Throws CHECKPOINT_MISSING,
 * CHECKPOINT_CORRUPT, and CHECKPOINT_REFUSED where the data are others.
 */
export async function openOriginal(
  { reproduce, checkpointsDir }: Pick<TrainConfiguration, 'reproduce' | 'checkpointsDir'>,
  { data, backend }: TrainingSession,
  { emit }: StageContext,
): Promise<Original | undefined> {
  if (reproduce === undefined) return undefined;
  const folder = await resolveRun(reproduce, checkpointsDir);
  const last = await readCheckpoint(folder.last);
  requireSameData(last, data);
  // Its configuration decides how much memory is taken: it must be that of its own weights.
  planModel(last);
  const isWhole = last.description.progress.partial.batches === 0;
  const checkpoint = isWhole ? last : await readCheckpoint(folder.best);
  const circumstances = differencesFrom(last.description, backend);
  for (const difference of circumstances) {
    emit({
      event: 'warning',
      code: 'CIRCUMSTANCES_DIFFER',
      message: `${folder.name} was trained with ${difference}`,
      hint: 'the weights may differ in their last digits, and then more and more',
    });
  }
  return { run: folder.name, checkpoint, circumstances };
}

function differencesFrom({ toolkit, machine }: CheckpointDescription, backend: ActiveBackend): string[] {
  type Fact = string | number | boolean | undefined;
  const facts: [what: string, then: Fact, now: Fact][] = [
    ['mnist-train', toolkit, version],
    ['the backend', `${machine.backend} ${machine.backendVersion}`, `${backend.name} ${backend.version}`],
    ['the device', machine.device, backend.device],
    ['threads:', machine.threads, backend.threads],
    ['the processor', machine.processor, processorName()],
    ['oneDNN:', machine.oneDnn, backend.oneDnn],
    ['instructions:', machine.instructionSet, backend.instructionSet],
  ];
  return facts
    .filter(([, then, now]) => then !== undefined && then !== now)
    .map(([what, then, now]) => `${what} ${then}, and now it is ${now}`);
}

/**
 * Compares a finished run with the one that it repeats. Throws CHECKPOINT_REFUSED if it lacks a tensor of the original, and the
 * errors of `readCheckpoint`.
 */
export async function compareWithOriginal(
  { run, checkpoint, circumstances }: Original,
  folder: RunFolder,
): Promise<Reproduction> {
  const { kind, progress } = checkpoint.description;
  const repeated = await readCheckpoint(folder[kind]);
  let identical = checkpoint.tensors.size === repeated.tensors.size;
  let largestDifference = 0;
  for (const [name, stored] of checkpoint.tensors) {
    const other = repeated.tensors.get(name);
    if (!other)
      throw new ToolkitError('CHECKPOINT_REFUSED', { path: repeated.path, reason: `it has no ${name}` });
    if (Buffer.compare(stored.bytes, other.bytes) === 0) continue;
    identical = false;
    if (!name.startsWith('parameters/')) continue;
    const [before, after] = [loadFloats(stored), loadFloats(other)];
    before.forEach((value, at) => {
      largestDifference = Math.max(largestDifference, Math.abs(value - after[at]!));
    });
  }
  return {
    of: run,
    identical,
    largestDifference,
    original: resultOf(progress.history),
    reproduced: resultOf(repeated.description.progress.history),
    circumstances,
  };
}

function resultOf(history: CheckpointDescription['progress']['history']): Metrics {
  const { validation, loss, accuracy } = bestEpoch(history)!;
  return validation ?? { loss, accuracy };
}
