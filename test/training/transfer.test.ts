import { beforeAll, describe, expect, it } from 'vitest';

import type { Checkpoint } from '../../src/artifacts/checkpoint.js';
import { CompiledTraining } from '../../src/engine/running/compiled-training.js';
import { cnn } from '../../src/models/cnn.js';
import { cnnSmall } from '../../src/models/cnn-small.js';
import { mlp } from '../../src/models/mlp.js';
import type { Model } from '../../src/models/model.js';
import { adam } from '../../src/training/optimizers/adam.js';
import { trainingStep } from '../../src/training/step.js';
import { chosenLayers, freeze, headOf, learntLayers, planTransfer } from '../../src/training/transfer.js';
import { TrainingVariables } from '../../src/models/variables.js';
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

  it('are taken over but for the head, where classes differ', () => {
    const from = (classNames: string[]): Checkpoint => ({ description: { classNames } }) as Checkpoint;
    expect(planTransfer(convolutional, from(['a', 'b']), ['a', 'b']).fresh).toEqual([]);
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
