import type { PreparedData, PreparedDescription, Split } from '../../artifacts/prepared.js';
import {
  imagesIn,
  isSharded,
  readShardOf,
  type ShardedData,
  type ShardedSplit,
} from '../../artifacts/sharded.js';
import { ToolkitError } from '../../core/errors.js';
import type { Metrics } from '../../core/events.js';
import { placeOnDevice, type DeviceImages } from '../../engine/running/device-images.js';
import { allIndices, type LabelledImages, type PixelScaling } from '../../core/images.js';
import type { InferenceProgram, TrainingProgram } from '../../engine/running/program.js';
import { labelsAt, meanMetrics } from '../../evaluation/classify.js';
import type { Tally } from '../../evaluation/prediction-counts.js';
import { classCounts } from '../../data/preparation/cleaning/quality.js';
import { pixelScaling, pixelStatistics, type ScalingName } from '../../data/preparation/scaling.js';
import { epochsInMemory, type EpochPlan, type EpochSource } from '../../training/epoch-source.js';
import { PrivateEpochs, type PrivateEpochPlan } from '../../training/privacy/private-epochs.js';
import { batchesIn, padded, ShardedEpochs } from '../../training/stream.js';
import { splitOf } from '../preprocess/prepare-data.js';

/** How a run uses its data set. */
export interface DataPlan {
  validationSplit: number;
  scalingName: ScalingName;
  scaling: PixelScaling;
  images: Readonly<Record<ShardedSplit, number>>;
}

/** What a configuration says of its data; else it is as the set was prepared. */
export interface DataSettings {
  validationSplit?: number | undefined;
  scaling?: ScalingName | undefined;
}

/** A data set as training uses it, whether it is in memory or in shards. */
export interface TrainingSet {
  readonly data: PreparedDescription;
  readonly plan: DataPlan;
  /** Training images that features learn from. */
  sample(): Promise<{ images: LabelledImages; indices: Int32Array }>;
  /** A split's images where the backend computes, to make a program with; disposed of with the set. */
  place(split: ShardedSplit): Promise<DeviceImages>;
  /** How many images of each class the training split has. */
  classCounts(): Promise<number[]>;
  /** How many batches of a size an epoch has. */
  batches(batchSize: number): number;
  /** The epochs of a program that was made with the training split. */
  epochs(program: TrainingProgram, plan: EpochPlan & { epochs: number }): EpochSource;
  /** The epochs of a private run; only of a set in memory. */
  privateEpochs(program: TrainingProgram, plan: PrivateEpochPlan): EpochSource;
  /** Means over a split, by a program that was made with it; null where the split is empty. Its logits are added to tallies. */
  measure(
    split: 'validation' | 'test',
    program: InferenceProgram,
    signal: AbortSignal,
    tallies?: readonly Tally[],
  ): Promise<Metrics | null>;
  dispose(): void;
}

/**
 * A prepared data set, split and scaled as a configuration asks. Throws USAGE for a split that a set in shards does not have.
 *
 * @param adapt changes the plan, where weights that were learnt before ask for another
 */
export function trainingSet(
  data: PreparedData | ShardedData,
  settings: DataSettings,
  adapt: (plan: DataPlan) => DataPlan = (plan) => plan,
): TrainingSet {
  return isSharded(data) ? new ShardedSet(data, settings, adapt) : new InMemorySet(data, settings, adapt);
}

/** Holds what was placed on the device until it is given back. */
abstract class PlacedImages {
  readonly #placed = new Map<LabelledImages, DeviceImages>();

  protected placeOnce(images: LabelledImages, scaling: PixelScaling): DeviceImages {
    let placed = this.#placed.get(images);
    if (!placed) this.#placed.set(images, (placed = placeOnDevice(images, scaling)));
    return placed;
  }

  dispose(): void {
    for (const placed of this.#placed.values()) placed.dispose();
    this.#placed.clear();
  }
}

class InMemorySet extends PlacedImages implements TrainingSet {
  readonly data: PreparedData;
  readonly plan: DataPlan;
  readonly #split: Split;

  constructor(data: PreparedData, settings: DataSettings, adapt: (plan: DataPlan) => DataPlan) {
    super();
    const { train, test, defaults } = data;
    const { validationSplit = defaults.validationSplit, scaling = defaults.scaling } = settings;
    this.data = data;
    // The split's seed is the data set's, so that runs with different seeds are judged on the same images.
    this.#split = splitOf(data, validationSplit, defaults.seed);
    const { training, validation } = this.#split;
    this.plan = adapt({
      validationSplit,
      scalingName: scaling,
      scaling: pixelScaling(scaling, () => pixelStatistics(train, training)),
      images: { training: training.length, validation: validation.length, test: test.count },
    });
  }

  sample(): ReturnType<TrainingSet['sample']> {
    return Promise.resolve({ images: this.data.train, indices: this.#split.training });
  }

  place(split: ShardedSplit): Promise<DeviceImages> {
    return Promise.resolve(this.placeOnce(this.#imagesOf(split).images, this.plan.scaling));
  }

  classCounts(): Promise<number[]> {
    const { train, classNames } = this.data;
    return Promise.resolve(classCounts(train.labels, classNames.length, this.#split.training));
  }

  batches(batchSize: number): number {
    return Math.ceil(this.#split.training.length / batchSize);
  }

  epochs(program: TrainingProgram, plan: EpochPlan): EpochSource {
    return epochsInMemory(program, this.#split.training, plan, this.data.train.labels);
  }

  privateEpochs(program: TrainingProgram, plan: PrivateEpochPlan): EpochSource {
    return new PrivateEpochs(program, this.#split.training, plan);
  }

  async measure(
    split: 'validation' | 'test',
    program: InferenceProgram,
    signal: AbortSignal,
    tallies: readonly Tally[] = [],
  ): Promise<Metrics | null> {
    const { images, indices } = this.#imagesOf(split);
    if (indices.length === 0) return null;
    const logits = await program.run(indices, signal);
    const labels = labelsAt(images.labels, indices);
    for (const tally of tallies) tally.add(logits, labels);
    return meanMetrics(logits, labels);
  }

  #imagesOf(split: ShardedSplit): { images: LabelledImages; indices: Int32Array } {
    const { train, test } = this.data;
    if (split === 'test') return { images: test, indices: allIndices(test.count) };
    return { images: train, indices: this.#split[split] };
  }
}

class ShardedSet extends PlacedImages implements TrainingSet {
  readonly data: ShardedData;
  readonly plan: DataPlan;

  constructor(
    data: ShardedData,
    { validationSplit, scaling = data.defaults.scaling }: DataSettings,
    adapt: (plan: DataPlan) => DataPlan,
  ) {
    super();
    const { dataset, defaults } = data;
    if (validationSplit !== undefined && validationSplit !== defaults.validationSplit) {
      throw new ToolkitError('USAGE', {
        message: `the validation images of ${dataset}, which lies in shards, were settled when it was preprocessed (${defaults.validationSplit})`,
        hint: `run "mnist preprocess ${dataset} --validation-split ${validationSplit} --shard-images ${data.making.shardImages}"`,
      });
    }
    this.data = data;
    this.plan = adapt({
      validationSplit: defaults.validationSplit,
      scalingName: scaling,
      scaling: pixelScaling(scaling, () => data.pixels),
      images: {
        training: imagesIn(data, 'training'),
        validation: imagesIn(data, 'validation'),
        test: imagesIn(data, 'test'),
      },
    });
  }

  /** A shard is a sample: images were mixed before they were put into shards. */
  async sample(): ReturnType<TrainingSet['sample']> {
    const images = await readShardOf(this.data, 'training', 0);
    return { images, indices: allIndices(images.count) };
  }

  async place(split: ShardedSplit): Promise<DeviceImages> {
    const { [split]: shards, training } = this.data.shards;
    const images = await readShardOf(this.data, shards.length > 0 ? split : 'training', 0);
    // As many as all shards of the training split are filled up to.
    const size = split === 'training' ? Math.max(...training.map((shard) => shard.images)) : images.count;
    return this.placeOnce(padded(images, size), this.plan.scaling);
  }

  /** Reads every shard of the training split. */
  async classCounts(): Promise<number[]> {
    const { classNames, shards } = this.data;
    let counts = new Array<number>(classNames.length).fill(0);
    for (const shard of shards.training.keys()) {
      const { labels } = await readShardOf(this.data, 'training', shard);
      const own = classCounts(labels, classNames.length);
      counts = counts.map((count, label) => count + own[label]!);
    }
    return counts;
  }

  batches(batchSize: number): number {
    return batchesIn(
      this.data.shards.training.map(({ images }) => images),
      batchSize,
    );
  }

  epochs(program: TrainingProgram, plan: EpochPlan & { epochs: number }): EpochSource {
    const source = {
      sizes: this.data.shards.training.map(({ images }) => images),
      read: (shard: number) => readShardOf(this.data, 'training', shard),
    };
    return new ShardedEpochs(program, source, plan);
  }

  privateEpochs(): never {
    throw new Error('a set in shards cannot be sampled for a private run');
  }

  async measure(
    split: 'validation' | 'test',
    program: InferenceProgram,
    signal: AbortSignal,
    tallies: readonly Tally[] = [],
  ): Promise<Metrics | null> {
    let [loss, correct, seen] = [0, 0, 0];
    for (const shard of this.data.shards[split].keys()) {
      const images = await readShardOf(this.data, split, shard);
      program.replaceImages(images);
      const { count, labels } = images;
      const logits = await program.run(allIndices(count), signal);
      for (const tally of tallies) tally.add(logits, labels);
      const means = meanMetrics(logits, labels);
      loss += means.loss * count;
      correct += Math.round(means.accuracy * count);
      seen += count;
    }
    return seen === 0 ? null : { loss: loss / seen, accuracy: correct / seen };
  }
}
