import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { compileModel, type ModelOptions } from '../../../src/engine/step/compile-model.js';
import { startTensorFlow } from '../../support/training.js';

let images: tf.Tensor4D;
let labels: tf.Tensor2D;

beforeAll(async () => {
  await startTensorFlow();
  images = tf.randomUniform([60, 8, 8, 1], 0, 1, 'float32', 1);
  const kinds = Int32Array.from({ length: 60 }, (_, picture) => picture % 3);
  labels = tf.tidy(() => tf.oneHot(tf.tensor1d(kinds, 'int32'), 3).as2D(60, 3).toFloat());
});

afterAll(() => {
  tf.dispose([images, labels]);
});

function smallNet(extra: () => tf.layers.Layer[] = () => []): tf.Sequential {
  const seeded = (seed: number): { kernelInitializer: ReturnType<typeof tf.initializers.glorotUniform> } => ({
    kernelInitializer: tf.initializers.glorotUniform({ seed }),
  });
  return tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [8, 8, 1],
        filters: 4,
        kernelSize: 3,
        activation: 'relu',
        ...seeded(1),
      }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.batchNormalization(),
      tf.layers.flatten(),
      ...extra(),
      tf.layers.dense({ units: 3, activation: 'softmax', ...seeded(2) }),
    ],
  });
}

/** The model that a sequential one is made of. */
function insideOf(model: tf.Sequential): tf.LayersModel {
  return (model as unknown as { model: tf.LayersModel }).model;
}

const settings = (): ModelOptions<tf.Sequential> => ({
  optimizer: tf.train.momentum(0.02, 0.9),
  loss: 'categoricalCrossentropy',
  metrics: ['accuracy'],
  seed: 3,
});

const fitting = { epochs: 3, batchSize: 16, shuffle: false, validationSplit: 0.2 } as const;

function expectClose(actual: tf.Tensor[], expected: tf.Tensor[], epsilon = 1e-5): void {
  actual.forEach((tensor, index) => {
    tf.test_util.expectArraysClose(tensor.dataSync(), expected[index]!.dataSync(), epsilon);
  });
}

describe('a compiled model', () => {
  it.each([
    ['as it is', () => []],
    ['with dropout', () => [tf.layers.dropout({ rate: 0.4 })]],
    [
      'with noise',
      (): tf.layers.Layer[] => [
        tf.layers.gaussianNoise({ stddev: 0.1 }),
        tf.layers.gaussianDropout({ rate: 0.2 }),
      ],
    ],
    ['with alpha dropout', () => [tf.layers.alphaDropout({ rate: 0.2 })]],
  ])('%s fits, evaluates and predicts as the eager one does', async (_, extra) => {
    const models = [smallNet(extra), smallNet(extra)] as const;
    const outcomes = [];
    for (const [index, model] of models.entries()) {
      const compiled = compileModel(model, { ...settings(), eager: index === 0 });
      const { history, epoch } = await compiled.fit(images, labels, fitting);
      const evaluated = compiled.evaluate(images, labels, { batchSize: 25 }) as tf.Tensor[];
      const predicted = compiled.predict(images, { batchSize: 25 }) as tf.Tensor;
      outcomes.push({ history, epoch, tensors: [...model.getWeights(), ...evaluated, predicted] });
    }
    const [eager, compiled] = outcomes as [(typeof outcomes)[0], (typeof outcomes)[0]];
    expectClose(compiled.tensors, eager.tensors);
    expect(compiled.epoch).toEqual(eager.epoch);
    expect(Object.keys(compiled.history)).toEqual(['val_loss', 'val_acc', 'loss', 'acc']);
    for (const [name, values] of Object.entries(compiled.history)) {
      tf.test_util.expectArraysClose(values as number[], eager.history[name] as number[], 1e-5);
    }
  });

  it('has its weights up to date after each batch, stops early, and holds nothing afterwards', async () => {
    const model = smallNet();
    const compiled = compileModel(model, settings());
    await compiled.fit(images, labels, { ...fitting, epochs: 1 });
    const before = tf.memory().numTensors;
    const sums: number[] = [];
    const { epoch } = await compiled.fit(images, labels, {
      ...fitting,
      epochs: 50,
      callbacks: {
        onBatchEnd: () => {
          sums.push(tf.tidy(() => model.getWeights()[0]!.sum().dataSync()[0]!));
        },
        onEpochEnd: (turn) => {
          if (turn === 2) insideOf(model).stopTraining = true;
        },
      },
    });
    expect(epoch).toEqual([0, 1, 2]);
    expect(new Set(sums).size).toBe(sums.length);
    expect(tf.memory().numTensors).toBe(before);
    compiled.dispose();
  });

  it('of words and a recurrent layer fits as the eager one does', async () => {
    const numbers = Array.from({ length: 40 * 5 }, (_, at) => (at * 7) % 11);
    const words = tf.tensor2d(numbers, [40, 5], 'int32');
    const targets = tf.tensor2d(
      Array.from({ length: 40 }, (_, at) => at % 2),
      [40, 1],
    );
    const weights = [];
    for (const eager of [true, false]) {
      const seeded = { seed: 1 };
      const initial = { kernelInitializer: tf.initializers.glorotUniform(seeded) };
      const model = tf.sequential({
        layers: [
          tf.layers.embedding({
            ...{ inputDim: 11, outputDim: 4, inputLength: 5 },
            embeddingsInitializer: tf.initializers.randomUniform({ minval: -0.1, maxval: 0.1, ...seeded }),
          }),
          tf.layers.lstm({
            units: 3,
            ...initial,
            recurrentInitializer: tf.initializers.glorotUniform(seeded),
          }),
          tf.layers.dense({ units: 1, activation: 'sigmoid', ...initial }),
        ],
      });
      const optimizer = tf.train.momentum(0.1, 0.9);
      const compiled = compileModel(model, { optimizer, loss: 'binaryCrossentropy', eager });
      await compiled.fit(words, targets, { epochs: 3, batchSize: 10, shuffle: false });
      weights.push(model.getWeights());
    }
    expectClose(weights[1]!, weights[0]!);
  });

  it('trains on data sets and single batches', async () => {
    const model = smallNet();
    compileModel(model, settings());
    const batches = [0, 20, 40].map((start) => ({
      xs: images.slice([start, 0, 0, 0], [20, 8, 8, 1]),
      ys: labels.slice([start, 0], [20, 3]),
    }));
    // tf.layers has its own declaration of the class.
    const dataset = tf.data.array(batches) as unknown as Parameters<tf.LayersModel['fitDataset']>[0];
    const { history } = await model.fitDataset(dataset, {
      epochs: 4,
      validationData: dataset,
    });
    expect(history['loss']).toHaveLength(4);
    expect(history['loss']![3]).toBeLessThan(history['loss']![0] as number);
    const [loss] = (await model.trainOnBatch(images, labels)) as number[];
    expect(loss).toBeLessThan(history['loss']![0] as number);
  });

  it('follows another loss, optimizer and learning rate', async () => {
    const models = [smallNet(), smallNet()] as const;
    const results = [];
    for (const [index, model] of models.entries()) {
      compileModel(model, { ...settings(), eager: index === 0 });
      await model.fit(images, labels, fitting);
      const optimizer = tf.train.sgd(0.1);
      // A sequential model makes another one inside of it.
      model.compile({ optimizer, loss: 'meanSquaredError' });
      expect(Object.hasOwn(insideOf(model), 'makeTrainFunction')).toBe(true);
      await model.fit(images, labels, fitting);
      optimizer.setLearningRate(0.01);
      const { history } = await model.fit(images, labels, fitting);
      results.push({ weights: model.getWeights(), loss: history['loss'] as number[] });
    }
    expectClose(results[1]!.weights, results[0]!.weights);
    tf.test_util.expectArraysClose(results[1]!.loss, results[0]!.loss, 1e-5);
  });

  it('predicts though it was never compiled for training', () => {
    const model = smallNet();
    const expected = model.predict(images) as tf.Tensor;
    const compiled = compileModel(model, {});
    for (let turn = 0; turn < 2; turn++) {
      expectClose([compiled.predict(images) as tf.Tensor], [expected]);
    }
    compiled.dispose();
  });

  it('has its own methods again when it is disposed of', async () => {
    const model = smallNet(() => [tf.layers.dropout({ rate: 0.5 })]);
    const compiled = compileModel(model, settings());
    const inside = insideOf(model);
    expect(Object.hasOwn(inside, 'makeTrainFunction')).toBe(true);
    expect(() => compileModel(model, settings())).toThrow(/compiled already/);
    await compiled.fit(images, labels, { ...fitting, epochs: 1 });
    compiled.dispose();
    for (const name of ['makeTrainFunction', 'makeTestFunction', 'predictLoop']) {
      expect(Object.hasOwn(inside, name)).toBe(false);
    }
    expect(Object.hasOwn(model.layers[4]!, 'call')).toBe(false);
    await model.fit(images, labels, { ...fitting, epochs: 1 });
  });

  it('is refused where it is not built, and where a layer draws in JavaScript', async () => {
    expect(() => compileModel(tf.sequential(), {})).toThrow(/can be built: .*empty/);
    expect(() => compileModel(JSON.parse('{}') as tf.Sequential, {})).toThrow(/needs a model of @tensorflow/);
    expect(() => compileModel(smallNet(), { ...settings(), seed: 0.5 })).toThrow(/compileModel: seed/);
    const model = tf.sequential({
      layers: [
        tf.layers.reshape({ inputShape: [8, 8, 1], targetShape: [8, 8] }),
        tf.layers.lstm({ units: 3, dropout: 0.5, activation: 'tanh' }),
      ],
    });
    compileModel(model, { optimizer: 'sgd', loss: 'meanSquaredError' });
    await expect(model.fit(images, labels, fitting)).rejects.toMatchObject({ code: 'STEP_NOT_COMPILABLE' });
  });
});
