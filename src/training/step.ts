import {
  argMax,
  equal,
  keep,
  mean,
  sum,
  variableGrads,
  type Scalar,
  type Tensor1D,
} from '@tensorflow/tfjs-core';

import { sparseCrossEntropy } from '../engine/operations.js';
import type { TrainingStep } from '../engine/program.js';
import type { Model } from '../models/model.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import type { TrainingVariables } from './variables.js';

/** One step of gradient descent on the mean cross-entropy of a batch: forward, backward, update. */
export function trainingStep(model: Model, optimizer: Optimizer, variables: TrainingVariables): TrainingStep {
  const values = variables.values();
  const trained = variables.parameters.map(({ value }) => value);
  return ({ images, labels }, coefficients) => {
    let correct: Scalar | undefined;
    const { value: loss, grads } = variableGrads(() => {
      const logits = model.apply(images, values);
      const hits = equal(argMax<Tensor1D>(logits, 1), labels);
      correct = keep(sum<Scalar>(hits));
      return mean<Scalar>(sparseCrossEntropy(logits, labels));
    }, trained);
    for (const { value, slots } of variables.parameters) {
      const next = optimizer.update({ parameter: value, slots }, grads[value.name]!, coefficients);
      value.assign(next.parameter);
      slots.forEach((slot, index) => {
        slot.assign(next.slots[index]!);
      });
    }
    return { loss, correct: correct! };
  };
}
