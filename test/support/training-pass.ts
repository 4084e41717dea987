import { keep, scalar, type Tensor } from '@tensorflow/tfjs-core';

import { stepRandomness } from '../../src/engine/tracing/randomness.js';
import type { TrainingPass } from '../../src/models/model.js';

/** What layers are given in a step, and what they say that is to be kept of it. */
export function trainingPass(
  seed: number,
  step: number,
): { pass: TrainingPass; updates: Map<string, Tensor> } {
  const updates = new Map<string, Tensor>();
  const update: TrainingPass['update'] = (name, value) => updates.set(name, keep(value));
  return { pass: { ...stepRandomness(seed, scalar(step)), update }, updates };
}
