import type { StageContext } from '../../../core/events.js';
import { placeOnDevice, type DeviceImages } from '../../../engine/running/device-images.js';
import { rowOf, type LabelledImages } from '../../../core/images.js';
import { inferenceProgram, type ExecutionMode } from '../../../engine/running/prepare.js';
import type { Forward } from '../../../engine/running/program.js';
import { softmax } from '../../../evaluation/probabilities.js';
import { mlp } from '../../../models/mlp.js';
import type { Model } from '../../../models/model.js';
import { fit } from '../../../training/fit.js';
import { stratifiedFolds } from './folds.js';
import { pixelScaling, pixelStatistics } from '../scaling.js';
import { withShiftedCopies } from './shifted-copies.js';

/** How predictions are cross-validated. */
export interface CrossValidationPlan {
  /** Parts that the training images are cut into; each is predicted by a model that has not seen it. */
  folds: number;
  /** Of each image, with itself: the others are moved by a few pixels. */
  copies: number;
  /** Passes over the training images at least. */
  epochs: number;
  /** Steps of a net at least: with fewer it has learnt too little to be asked, however few images there are. */
  steps: number;
  seed: number;
  /** How the nets are run: compiled where TensorFlow computes, unless this says otherwise. */
  mode?: ExecutionMode | undefined;
}

/** Probabilities of the classes, image by image: [images, classes]. */
export interface Predictions {
  classes: number;
  /** Of each training image, by the model that was trained without it. */
  train: Float32Array;
  /** Of each test image, the mean over all models. */
  test: Float32Array;
}

/** The net: a little wider than the default one, as it is trained on moved images too. */
const HIDDEN_LAYERS = [256, 128];
/** Copies are left out where they would take more memory than this. */
const MAX_COPIED_BYTES = 2 ** 29;
const BATCH_SIZE = 100;

/**
 * Predicts every training image by a model that was trained without it (k-fold cross-validation), and the test images by all
 * of those models. Models learn from moved copies too, and what they say of an image is the mean over its copies.
 *
 * @param usable indices of the training images that have a label to learn from
 */
export async function crossValidate(
  train: LabelledImages,
  test: LabelledImages,
  usable: Int32Array,
  classes: number,
  plan: CrossValidationPlan,
  context: StageContext,
): Promise<Predictions> {
  const copies = Math.max(1, Math.min(plan.copies, Math.floor(MAX_COPIED_BYTES / train.pixels.length)));
  // Nothing is learnt from images without a usable label, but a recorded step looks at some of them.
  const labels = train.labels.map((label) => (label < classes ? label : 0));
  const copied = withShiftedCopies({ ...train, labels }, copies, plan.seed);
  const scaling = pixelScaling('standardize', () => pixelStatistics(train, usable));
  const validation = new CrossValidation(
    { ...plan, copies, classes },
    { train, test, usable },
    placeOnDevice(copied, scaling),
    placeOnDevice(test, scaling),
    context,
  );
  try {
    return await validation.run();
  } finally {
    validation.dispose();
  }
}

class CrossValidation {
  readonly #plan: CrossValidationPlan & { classes: number };
  readonly #data: { train: LabelledImages; test: LabelledImages; usable: Int32Array };
  readonly #train: DeviceImages;
  readonly #test: DeviceImages;
  readonly #context: StageContext;
  readonly #model: Model;

  constructor(
    plan: CrossValidationPlan & { classes: number },
    data: { train: LabelledImages; test: LabelledImages; usable: Int32Array },
    train: DeviceImages,
    test: DeviceImages,
    context: StageContext,
  ) {
    this.#plan = plan;
    this.#data = data;
    this.#train = train;
    this.#test = test;
    this.#context = context;
    const options = mlp.options.parse({ hiddenLayers: HIDDEN_LAYERS });
    this.#model = mlp.build(options, { shape: data.train.shape, classes: plan.classes });
  }

  async run(): Promise<Predictions> {
    const { folds, copies, classes, seed } = this.#plan;
    const { train, test, usable } = this.#data;
    const foldOf = stratifiedFolds(train.labels, folds, seed);
    const sums = {
      train: new Float32Array(train.count * classes),
      test: new Float32Array(test.count * classes),
    };
    for (let fold = 0; fold < folds; fold++) {
      const training = this.#allCopies(usable.filter((index) => foldOf[index] !== fold));
      const heldBack = Int32Array.from(train.labels.keys()).filter((index) => foldOf[index] === fold);
      const variables = await this.#fit(training, fold);
      const forward: Forward = (images) => this.#model.apply(images, variables.values());
      try {
        await this.#predict(forward, this.#train, this.#allCopies(heldBack), sums.train, 1 / copies);
        await this.#predict(forward, this.#test, Int32Array.from(test.labels.keys()), sums.test, 1 / folds);
      } finally {
        variables.dispose();
      }
    }
    return { classes, ...sums };
  }

  dispose(): void {
    this.#train.dispose();
    this.#test.dispose();
  }

  #fit(training: Int32Array, fold: number): ReturnType<typeof fit> {
    const { folds, seed, steps, mode } = this.#plan;
    const { emit, signal } = this.#context;
    const epochs = Math.max(this.#plan.epochs, Math.ceil((steps * BATCH_SIZE) / training.length));
    const total = folds * epochs * training.length;
    const plan = { epochs, batchSize: BATCH_SIZE, learningRate: 0.001, weightDecay: 0, seed: seed + fold };
    return fit(this.#model, this.#train, training, plan, {
      ...{ signal, mode },
      onBatches: ({ epoch, images }) => {
        const done = (fold * epochs + epoch - 1) * training.length + images;
        emit({ event: 'progress', task: 'cross-validating', done, total, unit: 'images' });
      },
    });
  }

  /** Adds a share of the probabilities that a model gives images, to the rows of the originals. */
  async #predict(
    forward: Forward,
    images: DeviceImages,
    indices: Int32Array,
    sums: Float32Array,
    share: number,
  ): Promise<void> {
    const { classes, mode } = this.#plan;
    const originals = sums.length / classes;
    const inference = inferenceProgram(forward, images, classes, mode);
    try {
      const logits = await inference.run(indices, this.#context.signal);
      indices.forEach((index, row) => {
        const start = (index % originals) * classes;
        softmax(rowOf(logits, row, classes)).forEach((probability, label) => {
          sums[start + label]! += probability * share;
        });
      });
    } finally {
      inference.dispose();
    }
  }

  #allCopies(indices: Int32Array): Int32Array {
    const { length } = indices;
    const { count } = this.#data.train;
    return Int32Array.from(
      { length: length * this.#plan.copies },
      (_, place) => indices[place % length]! + Math.floor(place / length) * count,
    );
  }
}
