import { placeOnDevice, type DeviceImages } from '../../src/engine/running/device-images.js';
import { eagerInference, eagerTraining } from '../../src/engine/running/eager.js';
import { allIndices } from '../../src/core/images.js';
import { silentContext } from '../../src/core/events.js';
import { meanMetrics } from '../../src/evaluation/classify.js';
import { adam } from '../../src/training/optimizers/adam.js';
import type { Optimizer } from '../../src/training/optimizers/optimizer.js';
import { cosine } from '../../src/training/schedules/cosine.js';
import { epochsInMemory, type EpochPlan } from '../../src/training/epoch-source.js';
import { trainEpochs, type TrainingParts, type TrainingPlan } from '../../src/training/loop.js';
import { noProgress, type TrainingProgress } from '../../src/training/progress.js';
import { trainingStep } from '../../src/training/step.js';
import { TrainingVariables } from '../../src/models/variables.js';
import { smallImages, smallNet } from './small-model.js';

const INPUTS = 16;
const CLASSES = 4;
const COUNT = 230;

/** A run of 230 images in batches of 20, so that the last one has 10. */
export const smallPlan: TrainingPlan & EpochPlan = {
  epochs: 3,
  batchSize: 20,
  schedule: cosine.build(cosine.options.parse({})),
  seed: 42,
  earlyStopping: undefined,
};

/** A small net with all that the loop needs, on the backend in use. */
export class SmallTraining {
  readonly plan: TrainingPlan & EpochPlan;
  readonly optimizer: Optimizer;
  readonly data: DeviceImages;
  readonly variables: TrainingVariables;
  readonly images = smallImages(COUNT, INPUTS, CLASSES);
  readonly #model = smallNet(INPUTS, [12], CLASSES);
  readonly #program;
  readonly #inference;

  constructor(
    plan: Partial<TrainingPlan & EpochPlan> = {},
    optimizer: Optimizer = adam.build(adam.options.parse({ learningRate: 0.01 })),
  ) {
    this.plan = { ...smallPlan, ...plan };
    this.optimizer = optimizer;
    this.data = placeOnDevice(this.images, { scale: 2 / 255, offset: -1 });
    this.variables = new TrainingVariables(this.#model, optimizer.slots, this.plan.seed);
    this.#program = eagerTraining(trainingStep(this.#model, optimizer, this.variables), this.data);
    const values = this.variables.values();
    this.#inference = eagerInference((images) => this.#model.apply(images, values), this.data, CLASSES);
  }

  /** Trains on all images, and validates on the first 50 of them. */
  run(more: Partial<TrainingParts> = {}, start: TrainingProgress = noProgress): Promise<TrainingProgress> {
    const { signal } = silentContext();
    return trainEpochs(this.plan, start, {
      source: epochsInMemory(this.#program, allIndices(COUNT), this.plan, this.images.labels),
      optimizer: this.optimizer,
      validate: async () => {
        const indices = Int32Array.from({ length: 50 }, (_, index) => index);
        const logits = await this.#inference.run(indices, more.signal ?? signal);
        const labels = this.images.labels.subarray(0, indices.length);
        return meanMetrics(logits, labels);
      },
      onEpoch: () => Promise.resolve(),
      onPause: () => Promise.resolve(),
      onBatches: () => undefined,
      signal,
      ...more,
    });
  }

  /** The bytes of all weights and of the optimiser's state. */
  async state(): Promise<Map<string, Buffer>> {
    const stored = await this.variables.store();
    return new Map([...stored].map(([name, { bytes }]) => [name, Buffer.from(bytes)]));
  }

  dispose(): void {
    this.#program.dispose();
    this.#inference.dispose();
    this.variables.dispose();
    this.data.dispose();
  }
}
