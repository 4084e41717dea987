import { readCheckpoint, writeCheckpoint, type CheckpointDescription } from '../artifacts/checkpoint.js';
import type { RunFolder } from '../artifacts/run.js';
import { loadFloats, type StoredTensor } from '../artifacts/safetensors.js';
import { ToolkitError } from '../core/errors.js';
import type { Emit } from '../core/events.js';
import { writeFileAtomically } from '../core/files.js';
import type { Execution } from '../engine/running/program.js';
import type { EpochRecord, TrainingProgress } from './progress.js';
import { bestEpoch } from './progress.js';
import type { TrainingVariables } from '../models/variables.js';

/** What a run's checkpoints say alike, from its first to its last. */
export type RunDescription = Omit<CheckpointDescription, 'kind' | 'createdAt' | 'progress'>;

/** Writes a run's folder: its configuration, its metrics and its checkpoints, each file whole or not at all. */
export class RunWriter {
  readonly #folder: RunFolder;
  readonly #description: RunDescription;
  readonly #variables: TrainingVariables;
  readonly #batchesPerEpoch: number;
  readonly #emit: Emit;
  /** How the program is run, as far as it is known when a checkpoint is written. */
  execution: () => Execution | null = () => null;

  constructor(
    folder: RunFolder,
    description: RunDescription,
    variables: TrainingVariables,
    batchesPerEpoch: number,
    emit: Emit,
  ) {
    this.#folder = folder;
    this.#description = description;
    this.#variables = variables;
    this.#batchesPerEpoch = batchesPerEpoch;
    this.#emit = emit;
  }

  /** Writes what is known before the first step. */
  async begin(progress: TrainingProgress): Promise<void> {
    const { toolkit, config, data, machine } = this.#description;
    const text = JSON.stringify({ toolkit, config, data, machine }, undefined, 2);
    await writeFileAtomically(this.#folder.config, `${text}\n`);
    await this.pause(progress);
  }

  /** Writes the state in the middle of an epoch. Throws STORAGE_FULL, STORAGE_DENIED or TRAINING_DIVERGED. */
  async pause(progress: TrainingProgress): Promise<void> {
    await this.#write('last', progress, await this.#finiteTensors(progress));
  }

  /** Writes the state after an epoch, and keeps it apart if it is the best so far. */
  async epoch(progress: TrainingProgress, { epoch }: EpochRecord): Promise<void> {
    const tensors = await this.#finiteTensors(progress);
    // The best first: a run killed between the two then repeats the epoch, and finds the same best again.
    if (bestEpoch(progress.history)?.epoch === epoch) await this.#write('best', progress, tensors);
    await this.#write('last', progress, tensors);
    const lines = progress.history.map((record) => `${JSON.stringify(record)}\n`);
    await writeFileAtomically(this.#folder.metrics, lines.join(''));
  }

  /** Puts the weights of the best epoch back in place of those of the last. Returns the file that they are from. */
  async restoreBest({ history }: TrainingProgress): Promise<string> {
    if (bestEpoch(history) !== history.at(-1)) {
      const { tensors } = await readCheckpoint(this.#folder.best);
      const misfit = this.#variables.load(tensors, 'parameters');
      if (misfit !== undefined) throw new Error(`${this.#folder.best} does not fit its own run: ${misfit}`);
    }
    return this.#folder.best;
  }

  /**
   * A loss is that from before its step's update, so the last one before a checkpoint may be finite when the weights are not. Throws
   * TRAINING_DIVERGED then, and what was written before stays.
   */
  async #finiteTensors({ history, partial }: TrainingProgress): Promise<Map<string, StoredTensor>> {
    const tensors = await this.#variables.store();
    if ([...tensors.values()].every((stored) => loadFloats(stored).every(Number.isFinite))) return tensors;
    // At the end of an epoch, the next one has no batches yet.
    const [epoch, batch] =
      partial.batches > 0 ? [history.length + 1, partial.batches] : [history.length, this.#batchesPerEpoch];
    throw new ToolkitError('TRAINING_DIVERGED', { epoch, batch });
  }

  async #write(
    kind: 'last' | 'best',
    progress: TrainingProgress,
    tensors: ReadonlyMap<string, StoredTensor>,
  ): Promise<void> {
    const path = this.#folder[kind];
    const { history, partial } = progress;
    const step = history.length * this.#batchesPerEpoch + partial.batches;
    const description: CheckpointDescription = {
      ...this.#description,
      machine: { ...this.#description.machine, execution: this.execution() },
      kind,
      createdAt: new Date().toISOString(),
      progress: { step, history: [...history], partial },
    };
    await writeCheckpoint({ path, description, tensors });
    this.#emit({ event: 'checkpoint', kind, path, epoch: history.length, step });
  }
}
