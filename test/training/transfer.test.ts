import { dispose, randomUniform, tidy, type Tensor4D } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import type { Checkpoint } from '../../src/artifacts/checkpoint.js';
import { CompiledTraining } from '../../src/engine/running/compiled-training.js';
import { cnn } from '../../src/models/cnn.js';
import { cnnSmall } from '../../src/models/cnn-small.js';
import { graph } from '../../src/models/graph.js';
import { mlp } from '../../src/models/mlp.js';
import type { Model } from '../../src/models/model.js';
import { adam } from '../../src/training/optimizers/adam.js';
import { trainingStep } from '../../src/training/step.js';
import {
  chosenLayers,
  freeze,
  frozenLayers,
  headOf,
  learntLayers,
  planTransfer,
} from '../../src/training/transfer.js';
import { TrainingVariables } from '../../src/models/variables.js';
import { expectClose } from '../support/numbers.js';
import { trainingPass } from '../support/training-pass.js';
import { startTensorFlow, mnistImages, run } from '../support/training.js';

const task = { shape: { height: 28, width: 28, channels: 1 }, classes: 10 };
const convolutional = cnn.build(cnn.options.parse({ filters: [2, 3] }), task);

describe('layers', () => {
  it('are what parameters belong to, the last of which is the head', () => {
    expect(learntLayers(convolutional)).toEqual(['convolution1', 'convolution2', 'dense1', 'dense2']);
    expect(headOf(convolutional)).toBe('dense2');
  });

  it('are chosen by names and patterns', () => {
    expect(chosenLayers(convolutional, ['dense1', 'conv*'])).toEqual([
      'convolution1',
      'convolution2',
      'dense1',
    ]);
    expect(() => chosenLayers(convolutional, ['dens'])).toThrow(/no layer "dens"/);
    expect(() => chosenLayers(convolutional, ['convolution.'])).toThrow(/no layer/);
    expect(() => chosenLayers(convolutional, ['*'])).toThrow(/nothing is left to train/);
  });

  it('are frozen where nothing of them is trained, whatever statistics they have', () => {
    const normalized = cnnSmall.build(cnnSmall.options.parse({}), task);
    expect(frozenLayers(normalized, normalized)).toEqual([]);
    const [first = ''] = learntLayers(normalized);
    expect(frozenLayers(normalized, freeze(normalized, [first]))).toEqual([first]);
  });

  it('are taken over but for the head, where classes differ', () => {
    const from = (classNames: string[]): Checkpoint => ({ description: { classNames } }) as Checkpoint;
    expect(planTransfer(convolutional, from(['a', 'b']), ['a', 'b']).fresh).toEqual([]);
    const unnamed = (outputs: number): Checkpoint =>
      ({
        ...from([]),
        tensors: new Map([['parameters/dense2/kernel', { shape: [8, outputs] }]]),
      }) as unknown as Checkpoint;
    expect(planTransfer(convolutional, unnamed(2), ['a', 'b']).fresh).toEqual([]);
    expect(planTransfer(convolutional, unnamed(3), ['a', 'b']).fresh).toEqual(['dense2']);
    for (const others of [
      ['a', 'c'],
      ['b', 'a'],
      ['a', 'b', 'c'],
    ]) {
      const { taken, fresh } = planTransfer(convolutional, from(['a', 'b']), others);
      expect(fresh).toEqual(['dense2']);
      expect(taken).toEqual(['convolution1', 'convolution2', 'dense1']);
    }
  });
});

describe('what comes before the first layer that is trained', () => {
  const nodes = [
    { type: 'convolution', name: 'a', filters: 2, stride: [4, 4] },
    { type: 'activation', name: 'relu', function: 'relu' },
    { type: 'batch-normalization', name: 'b' },
    { type: 'convolution', name: 'c', filters: 2, padding: 'same', inputs: ['b'] },
    { type: 'merge', name: 'sum', inputs: ['b', 'c'] },
    { type: 'flatten', name: 'flat' },
    { type: 'dropout', name: 'dropout', rate: 0.5 },
    { type: 'dense', name: 'head', units: 'classes' },
  ];
  const whole = graph.build(graph.options.parse({ nodes }), task);

  it.each([
    [['a'], 7 * 7 * 2, ['b', 'c', 'head']],
    // All goes through b, and not through c, which is added to it.
    [['a', 'b'], 7 * 7 * 2, ['c', 'head']],
    // Up to the dropout, which is not the same twice.
    [['a', 'b', 'c'], 7 * 7 * 2, ['head']],
  ])('with %j frozen is computed once, %d numbers an image', async (layers, size, rest) => {
    await startTensorFlow();
    const model = freeze(whole, layers);
    const { fixedFeatures } = model;
    expect(fixedFeatures!.size).toBe(size);
    expect(learntLayers(fixedFeatures!.model)).toEqual(rest);
    const variables = new TrainingVariables(model, [], 1);
    tidy(() => {
      const images: Tensor4D = randomUniform([3, 28, 28, 1], -1, 1, 'float32', 2);
      const values = variables.values();
      const features = fixedFeatures!.extract(images, values);
      expect(features.shape).toEqual([3, 1, size, 1]);
      const [split, direct] = [trainingPass(1, 1), trainingPass(1, 1)];
      const logits = fixedFeatures!.model.apply(features, values, split.pass).dataSync();
      expectClose(logits, model.apply(images, values, direct.pass).dataSync(), 1e-6);
      expect([...split.updates.keys()]).toEqual(
        layers.includes('b') ? [] : ['b/moving-mean', 'b/moving-variance'],
      );
      for (const { updates } of [split, direct]) dispose([...updates.values()]);
    });
    variables.dispose();
  });

  it('is nothing where the first layer is trained, nor in a model of another kind', () => {
    expect(freeze(whole, ['b', 'c']).fixedFeatures).toBeUndefined();
    expect(freeze(convolutional, ['convolution1']).fixedFeatures).toBeUndefined();
  });
});

describe('a frozen layer', () => {
  beforeAll(() => startTensorFlow());

  it('gets no gradient and no optimiser state in the compiled step, and stays as it is', async () => {
    const images = await mnistImages();
    const whole = mlp.build(mlp.options.parse({ hiddenLayers: [8, 6] }), task);
    const optimizer = adam.build(adam.options.parse({}));
    const variablesOf = (model: Model): TrainingVariables => new TrainingVariables(model, optimizer.slots, 3);
    const frozen = variablesOf(freeze(whole, ['dense1']));
    const free = variablesOf(whole);
    // A weight and a bias of dense1, with two slots each, are missing.
    const [some, all] = [await frozen.store(), await free.store()];
    const missing = [...all.keys()].filter((name) => !some.has(name));
    expect(missing).toHaveLength(4);
    for (const name of missing) expect(name).toMatch(/^optimizer\/dense1\//);
    const averaged = new TrainingVariables(freeze(whole, ['dense1']), [], 3, true);
    for (const { spec, average } of averaged.parameters) {
      expect([spec.name, average === undefined]).toEqual([spec.name, spec.name.startsWith('dense1/')]);
    }
    averaged.dispose();
    const step = trainingStep(whole, optimizer, frozen);
    const program = new CompiledTraining(step, images);
    await run(program, { model: whole, optimizer, variables: frozen, step }, 500);
    program.dispose();
    const after = await frozen.store();
    for (const [name, { bytes }] of some) {
      const isSame = Buffer.from(bytes).equals(Buffer.from(after.get(name)!.bytes));
      expect([name, isSame]).toEqual([name, name.startsWith('parameters/dense1/')]);
    }
    for (const variables of [frozen, free]) variables.dispose();
    images.dispose();
  });

  it('with batch normalisation keeps its statistics, and uses them', async () => {
    const images = await mnistImages();
    const whole = cnnSmall.build(cnnSmall.options.parse({}), task);
    const [first] = learntLayers(whole) as [string];
    const model = freeze(whole, [first]);
    const optimizer = adam.build(adam.options.parse({}));
    const variables = new TrainingVariables(model, optimizer.slots, 3);
    const before = await variables.store();
    const step = trainingStep(model, optimizer, variables);
    const program = new CompiledTraining(step, images);
    await run(program, { model, optimizer, variables, step }, 200);
    program.dispose();
    const after = await variables.store();
    const statistics = [...before.keys()].filter((name) => name.endsWith('/moving-mean'));
    expect(statistics.length).toBeGreaterThan(1);
    for (const name of statistics) {
      const isSame = Buffer.from(before.get(name)!.bytes).equals(Buffer.from(after.get(name)!.bytes));
      expect([name, isSame]).toEqual([name, name.startsWith(`parameters/${first}/`)]);
    }
    variables.dispose();
    images.dispose();
  });
});
