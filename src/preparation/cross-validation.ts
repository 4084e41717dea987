import type { StageContext } from '../core/events.js';
import { placeOnDevice, type DeviceImages } from '../engine/device-images.js';
import { pixelsPerImage, type LabelledImages, type PixelScaling } from '../engine/images.js';
import { inferenceProgram } from '../engine/prepare.js';
import { mlp } from '../models/mlp.js';
import type { Model } from '../models/model.js';
import { fit, type FitPlan } from '../training/fit.js';
import { stratifiedFolds } from './folds.js';
import { pixelScaling, pixelStatistics } from './scaling.js';

/** How predictions are cross-validated. */
export interface CrossValidationPlan {
  /** Parts that the training images are cut into; each is predicted by models that have not seen it. */
  folds: number;
  /** Models for each part, of other initial weights and folds; their predictions are averaged. */
  repeats: number;
  epochs: number;
  hiddenLayers: readonly number[];
  seed: number;
}

/** Probabilities of the classes, image by image: [images, classes]. */
export interface Predictions {
  classes: number;
  /** Of each training image, by models that were trained without it. */
  train: Float32Array;
  /** Of each test image, the mean over all models. */
  test: Float32Array;
}

/**
 * Predicts every training image by models that were trained without it (k-fold cross-validation, several times over), and the
 * test images by all of those models.
 *
 * @param usable indices of the training images that have a label to learn from
 */
export async function crossValidate(
  train: LabelledImages,
  test: LabelledImages,
  usable: Int32Array,
  classes: number,
  plan: CrossValidationPlan,
  { signal, emit }: StageContext,
): Promise<Predictions> {
  const scaling = pixelScaling('standardize', () => pixelStatistics(train, usable));
  const sum: Predictions = {
    classes,
    train: new Float32Array(train.count * classes),
    test: new Float32Array(test.count * classes),
  };
  const trainImages = placeOnDevice(train, scaling);
  const testImages = placeOnDevice(test, scaling);
  const model = buildModel(train, classes, plan);
  const total = plan.folds * plan.repeats * plan.epochs * usable.length * (1 - 1 / plan.folds);
  let before = 0;
  try {
    for (let repeat = 0; repeat < plan.repeats; repeat++) {
      const foldOf = stratifiedFolds(train.labels, plan.folds, plan.seed + repeat);
      for (let fold = 0; fold < plan.folds; fold++) {
        const training = usable.filter((index) => foldOf[index] !== fold);
        const heldBack = Int32Array.from(train.labels.keys()).filter((index) => foldOf[index] === fold);
        const fitPlan = fitPlanOf(plan, repeat * plan.folds + fold);
        const variables = await fit(model, trainImages, training, fitPlan, {
          signal,
          onBatches: ({ epoch, images }) => {
            const done = before + (epoch - 1) * training.length + images;
            emit({ event: 'progress', task: 'cross-validating', done, total, unit: 'images' });
          },
        });
        before += plan.epochs * training.length;
        const forward = (images: Parameters<Model['apply']>[0]) => model.apply(images, variables.values());
        try {
          await addProbabilities(sum.train, forward, trainImages, heldBack, classes, 1 / plan.repeats, signal);
          const all = Int32Array.from(test.labels.keys());
          const share = 1 / (plan.repeats * plan.folds);
          await addProbabilities(sum.test, forward, testImages, all, classes, share, signal);
        } finally {
          variables.dispose();
        }
      }
    }
  } finally {
    trainImages.dispose();
    testImages.dispose();
  }
  return sum;
}

function buildModel({ shape }: LabelledImages, classes: number, { hiddenLayers }: CrossValidationPlan): Model {
  return mlp.build(mlp.options.parse({ hiddenLayers: [...hiddenLayers] }), { shape, classes });
}

function fitPlanOf({ epochs, seed }: CrossValidationPlan, index: number): FitPlan {
  return { epochs, batchSize: 100, learningRate: 0.001, weightDecay: 0, seed: seed + index };
}

async function addProbabilities(
  sums: Float32Array,
  forward: (images: Parameters<Model['apply']>[0]) => ReturnType<Model['apply']>,
  images: DeviceImages,
  indices: Int32Array,
  classes: number,
  share: number,
  signal: AbortSignal,
): Promise<void> {
  const inference = inferenceProgram(forward, images, classes);
  try {
    const logits = await inference.run(indices, signal);
    indices.forEach((index, row) => {
      const probabilities = softmax(logits.subarray(row * classes, (row + 1) * classes));
      probabilities.forEach((p, k) => { sums[index * classes + k]! += p * share; });
    });
  } finally {
    inference.dispose();
  }
}

/** Probabilities of logits. */
export function softmax(logits: Float32Array): Float64Array {
  const highest = logits.reduce((max, value) => Math.max(max, value), -Infinity);
  const powers = Float64Array.from(logits, (value) => Math.exp(value - highest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
