import { readFile } from 'node:fs/promises';

import {
  dispose,
  grads,
  mean,
  memory,
  randomUniform,
  tensor,
  tensor1d,
  tidy,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import { Random } from '../../src/core/random.js';
import { elementCount } from '../../src/core/images.js';
import { sparseCrossEntropy } from '../../src/engine/tracing/operations.js';
import { encodeSavedModel } from '../../src/deployment/saved-model.js';
import { translateToOnnx } from '../../src/deployment/onnx/translate.js';
import { traceAnyBatch } from '../../src/engine/tracing/batch-trace.js';
import { models } from '../../src/models/index.js';
import { parameterCount, type Model } from '../../src/models/model.js';
import { TrainingVariables } from '../../src/models/variables.js';
import { startOnCpu } from '../support/backends.js';
import { checkpointDescription } from '../support/checkpoints.js';
import { narrow } from '../support/narrow.js';
import { trainingPass } from '../support/training-pass.js';

beforeAll(() => startOnCpu('tensorflow'));

const tasks = [
  { shape: { height: 28, width: 28, channels: 1 }, classes: 10 },
  { shape: { height: 12, width: 10, channels: 3 }, classes: 4 },
];

const initialValues = ({ parameters }: Model, seed: number): Float32Array[] =>
  parameters.map(({ initialValue }, index) => initialValue(new Random(seed, 'test', index)));

for (const definition of models) {
  describe(`the model ${definition.name}`, () => {
    for (const task of tasks) {
      const { height, width, channels } = task.shape;
      // A union of definitions takes only what all of them take, as TypeScript sees it.
      const model = definition.build(definition.options.parse(narrow(definition)) as never, task);

      it(`names its parameters and fills their shapes, for ${height}×${width}×${channels}`, () => {
        const names = model.parameters.map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
        expect(model.description).toMatch(/^\S[^\n]*\S$/);
        initialValues(model, 1).forEach((values, index) => {
          expect(values).toHaveLength(elementCount(model.parameters[index]!.shape));
          expect(values.every(Number.isFinite)).toBe(true);
        });
        const learnt = initialValues(model, 1).filter((_, index) => !model.parameters[index]!.isFixed);
        expect(parameterCount(model)).toBe(learnt.reduce((count, { length }) => count + length, 0));
      });

      it(`starts the same from the same seed, and differently from another, for ${height}×${width}×${channels}`, () => {
        expect(initialValues(model, 1)).toEqual(initialValues(model, 1));
        expect(initialValues(model, 1)).not.toEqual(initialValues(model, 2));
      });

      it(`gives a row of logits for each image, and a gradient for each parameter, for ${height}×${width}×${channels}`, () => {
        const before = memory().numTensors;
        tidy(() => {
          const labels = tensor1d([0, 1, 2, 3, 0], 'int32');
          const images: Tensor4D = randomUniform([5, height, width, channels], -1, 1, 'float32', 3);
          const values = initialValues(model, 1).map((value, index) =>
            tensor(value, [...model.parameters[index]!.shape]),
          );
          const { pass, updates } = trainingPass(1, 1);
          const apply = (...parameters: Tensor[]): Tensor => {
            const named = parameters.map((value, index) => [model.parameters[index]!.name, value] as const);
            expect(model.apply(images, new Map(named)).shape).toEqual([5, task.classes]);
            const logits = model.apply(images, new Map(named), pass);
            expect(logits.shape).toEqual([5, task.classes]);
            return mean(sparseCrossEntropy(logits, labels));
          };
          const learnt = model.parameters.flatMap(({ isFixed }, index) => (isFixed ? [] : index));
          const applyLearnt = (...parameters: Tensor[]): Tensor =>
            apply(...values.map((value, index) => parameters[learnt.indexOf(index)] ?? value));
          const gradients = grads(applyLearnt)(learnt.map((index) => values[index]!));
          gradients.forEach((gradient, position) => {
            expect(gradient.shape).toEqual(model.parameters[learnt[position]!]!.shape);
            const numbers = gradient.dataSync<'float32'>();
            expect(numbers.every(Number.isFinite)).toBe(true);
            expect(numbers.some((number) => number !== 0)).toBe(true);
          });
          for (const [name, value] of updates) {
            const updated = model.parameters.find((parameter) => parameter.name === name);
            expect(updated).toMatchObject({ isFixed: true, shape: value.shape });
          }
          dispose([...updates.values()]);
        });
        expect(memory().numTensors).toBe(before);
      });

      it(`can be exported to ONNX and as a SavedModel, for ${height}×${width}×${channels}`, async () => {
        const variables = new TrainingVariables(model, [], 1);
        const pass = traceAnyBatch((images) => model.apply(images, variables.values()), task.shape);
        const classNames = Array.from({ length: task.classes }, (_, index) => `class ${index}`);
        const description = checkpointDescription({ shape: task.shape, classNames });
        const weights = model.parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0);
        const onnx = await translateToOnnx(pass, description, { input: 'uint8', weights: 'float32' });
        expect(onnx.length).toBeGreaterThan(4 * weights);
        expect((await encodeSavedModel(pass, description)).length).toBeGreaterThan(4 * weights);
        variables.dispose();
      });
    }

    it('was measured, if at all, with a configuration that is shipped, and that trains it', async () => {
      if (!definition.measured) return;
      const { configuration, accuracy, seeds, seconds } = definition.measured;
      const file = new URL(`../../${configuration}`, import.meta.url);
      const settings = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
      expect(settings).toMatchObject({ dataset: 'mnist', model: definition.name });
      expect(accuracy).toBeGreaterThan(0.9);
      expect(accuracy).toBeLessThanOrEqual(1);
      expect(Math.min(seeds, seconds)).toBeGreaterThan(0);
    });
  });
}
