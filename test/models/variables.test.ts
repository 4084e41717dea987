import { memory } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import { loadFloats, storeFloats } from '../../src/artifacts/safetensors.js';
import { Random } from '../../src/core/random.js';
import { TrainingVariables } from '../../src/models/variables.js';
import { startOnCpu } from '../support/backends.js';
import { smallNet } from '../support/small-model.js';

beforeAll(() => startOnCpu('tensorflow'));

const model = smallNet(3, [2], 2);
const SLOTS = ['mean', 'variance'];

describe('TrainingVariables', () => {
  it('start as the model says, from the seed, with the optimiser’s state at zero', async () => {
    const variables = new TrainingVariables(model, SLOTS, 9);
    const stored = await variables.store();
    expect([...stored.keys()].filter((name) => name.includes('dense1/kernel'))).toEqual([
      'parameters/dense1/kernel',
      'optimizer/dense1/kernel/mean',
      'optimizer/dense1/kernel/variance',
    ]);
    expect(stored.size).toBe(4 * 3);
    model.parameters.forEach(({ name, shape, initialValue }, index) => {
      const expected = initialValue(new Random(9, 'initial-weights', index));
      expect(loadFloats(stored.get(`parameters/${name}`)!)).toEqual(expected);
      expect(stored.get(`parameters/${name}`)!.shape).toEqual(shape);
      expect(loadFloats(stored.get(`optimizer/${name}/mean`)!).every((value) => value === 0)).toBe(true);
    });
    variables.dispose();
  });

  it('take over everything, or the parameters alone', async () => {
    const source = new TrainingVariables(model, SLOTS, 1);
    const tensors = await source.store();
    tensors.set('optimizer/dense1/bias/mean', storeFloats(new Float32Array([1, 2]), [2]));
    const whole = new TrainingVariables(model, SLOTS, 2);
    expect(whole.load(tensors, 'everything')).toBeUndefined();
    expect(await whole.store()).toEqual(tensors);

    const parametersOnly = new TrainingVariables(model, SLOTS, 2);
    expect(parametersOnly.load(tensors, 'parameters')).toBeUndefined();
    const stored = await parametersOnly.store();
    expect(stored.get('parameters/dense1/kernel')).toEqual(tensors.get('parameters/dense1/kernel'));
    expect(loadFloats(stored.get('optimizer/dense1/bias/mean')!)).toEqual(new Float32Array(2));
    for (const variables of [source, whole, parametersOnly]) variables.dispose();
  });

  it('say what does not fit, and then keep everything as it was', async () => {
    const variables = new TrainingVariables(model, SLOTS, 1);
    const before = await variables.store();
    const other = await new TrainingVariables(model, SLOTS, 2).store();
    other.delete('optimizer/dense2/bias/variance');
    expect(variables.load(other, 'everything')).toBe('it has no optimizer/dense2/bias/variance');
    other.set('parameters/dense2/bias', storeFloats(new Float32Array(3), [3]));
    expect(variables.load(other, 'parameters')).toBe(
      'its parameters/dense2/bias has shape [3], expected [2]',
    );
    expect(await variables.store()).toEqual(before);
    variables.dispose();
  });

  it('are gone when they are disposed of', () => {
    const before = memory().numTensors;
    const variables = new TrainingVariables(model, SLOTS, 1);
    expect(memory().numTensors).toBe(before + 4 * 3);
    variables.dispose();
    expect(memory().numTensors).toBe(before);
  });
});
