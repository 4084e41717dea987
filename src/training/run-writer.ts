import { readCheckpoint, writeCheckpoint, type CheckpointDescription } from '../artifacts/checkpoint.js';
import type { PrivacyAccount } from '../artifacts/privacy.js';
import type { RunFolder } from '../artifacts/run.js';
import { loadFloats, type StoredTensor } from '../artifacts/safetensors.js';
import { ToolkitError } from '../core/errors.js';
import type { Emit } from '../core/events.js';
import { writeFileAtomically } from '../core/files.js';
import type { Execution } from '../engine/running/program.js';
import type { EpochRecord, TrainingProgress } from './progress.js';
import { bestEpoch, stepsIn } from './progress.js';
import type { TrainingVariables } from '../models/variables.js';

/** The metadata that all checkpoints of a run share. */
export type RunDescription = Omit<CheckpointDescription, 'kind' | 'createdAt' | 'progress' | 'privacy'>;

/** What a run does with its progress. */
export type RunOutput = Pick<RunWriter, 'begin' | 'pause' | 'epoch' | 'restoreBest'> & {
  execution: RunWriter['execution'];
  privacy: RunWriter['privacy'];
};

/** Writes nothing: of workers that train together, the first alone writes. */
export function noOutput(): RunOutput {
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    begin: nothing,
    pause: nothing,
    epoch: nothing,
    restoreBest: () => Promise.reject(new Error('only the first worker has the best checkpoint')),
    execution: () => null,
    privacy: undefined,
  };
}

/** Writes a run's folder: its configuration, metrics and checkpoints, each file atomically. */
export class RunWriter {
  readonly #folder: RunFolder;
  readonly #description: RunDescription;
  readonly #variables: TrainingVariables;
  readonly #batchesPerEpoch: number;
  readonly #emit: Emit;
  /** How the program runs; null before it is known. Recorded in each checkpoint. */
  execution: () => Execution | null = () => null;
  /** What so many steps have spent; set before anything is written. Without it, the run is not private. */
  privacy: ((steps: number) => PrivacyAccount) | undefined;

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

  /** Writes the configuration and the initial checkpoint. Throws STORAGE_FULL, STORAGE_DENIED or TRAINING_DIVERGED. */
  async begin(progress: TrainingProgress): Promise<void> {
    await this.#writeConfig(progress);
    await this.pause(progress);
  }

  /** Writes the checkpoint `last` within an epoch. Throws STORAGE_FULL, STORAGE_DENIED or TRAINING_DIVERGED. */
  async pause(progress: TrainingProgress): Promise<void> {
    await this.#write('last', progress, await this.#finiteTensors(progress));
  }

  /**
   * Writes the checkpoint `last` and the metrics after an epoch, and the checkpoint `best` if it is the best so far. Throws STORAGE_FULL,
   * STORAGE_DENIED or TRAINING_DIVERGED.
   */
  async epoch(progress: TrainingProgress, { epoch }: EpochRecord): Promise<void> {
    const tensors = await this.#finiteTensors(progress);
    // `best` first: a run killed between the two repeats the epoch and writes the same `best` again.
    if (bestEpoch(progress.history)?.epoch === epoch) await this.#write('best', progress, tensors);
    else if (this.privacy) await this.#chargeBest(this.privacy(this.#stepOf(progress)));
    await this.#write('last', progress, tensors);
    // What it says of privacy is of the latest epoch.
    if (this.privacy) await this.#writeConfig(progress);
    const lines = progress.history.map((record) => `${JSON.stringify(record)}\n`);
    await writeFileAtomically(this.#folder.metrics, lines.join(''));
  }

  /**
   * Restores the weights of the best epoch, unless it is the last one. Returns the path of its checkpoint. Throws the errors of
   * `readCheckpoint`.
   */
  async restoreBest({ history }: TrainingProgress): Promise<string> {
    if (bestEpoch(history) !== history.at(-1)) {
      const { tensors } = await readCheckpoint(this.#folder.best);
      const mismatch = this.#variables.load(tensors, 'parameters');
      if (mismatch !== undefined) throw new Error(`${this.#folder.best} does not match its run: ${mismatch}`);
    }
    return this.#folder.best;
  }

  /**
   * The tensors of a checkpoint. Throws TRAINING_DIVERGED if weights are not finite, which keeps the earlier checkpoints: the last loss
   * does not show it, as it is computed before the update.
   */
  async #finiteTensors({ history, partial }: TrainingProgress): Promise<Map<string, StoredTensor>> {
    const tensors = await this.#variables.store();
    if ([...tensors.values()].every((stored) => loadFloats(stored).every(Number.isFinite))) return tensors;
    // After an epoch, the partial epoch is empty: report the last batch of the completed one.
    const [epoch, batch] =
      partial.batches > 0 ? [history.length + 1, partial.batches] : [history.length, this.#batchesPerEpoch];
    throw new ToolkitError('TRAINING_DIVERGED', { epoch, batch });
  }

  /** That an earlier epoch is still the best says something of the steps since, which its account therefore contains. */
  async #chargeBest(privacy: PrivacyAccount): Promise<void> {
    const { path, description, tensors } = await readCheckpoint(this.#folder.best);
    await writeCheckpoint({ path, description: { ...description, privacy }, tensors });
  }

  async #writeConfig(progress: TrainingProgress): Promise<void> {
    const { toolkit, config, plugins, data, machine } = this.#description;
    const privacy = this.privacy?.(this.#stepOf(progress));
    const text = JSON.stringify({ toolkit, config, plugins, data, privacy, machine }, undefined, 2);
    await writeFileAtomically(this.#folder.config, `${text}\n`);
  }

  #stepOf(progress: TrainingProgress): number {
    return stepsIn(progress, this.#batchesPerEpoch);
  }

  async #write(
    kind: 'last' | 'best',
    progress: TrainingProgress,
    tensors: ReadonlyMap<string, StoredTensor>,
  ): Promise<void> {
    const path = this.#folder[kind];
    const { history, partial } = progress;
    const step = this.#stepOf(progress);
    const description: CheckpointDescription = {
      ...this.#description,
      machine: { ...this.#description.machine, execution: this.execution() },
      kind,
      createdAt: new Date().toISOString(),
      progress: { step, history: [...history], partial },
      ...(this.privacy && { privacy: this.privacy(step) }),
    };
    await writeCheckpoint({ path, description, tensors });
    this.#emit({ event: 'checkpoint', kind, path, epoch: history.length, step });
  }
}
