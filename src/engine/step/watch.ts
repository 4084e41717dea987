import { engine, type Tensor } from '@tensorflow/tfjs-core';

import { refuse } from './refusal.js';

/** What a step did that leaves no trace in the operations. */
export interface Watched {
  /** The tensors that it has asked tfjs to keep. */
  readonly kept: readonly Tensor[];
  /** Whether it has drawn random numbers: tfjs's own come of these, unless they have a seed. */
  readonly drew: boolean;
}

/** Runs a function and says what it did beside its operations. */
export function watch<Result>(run: () => Result): { result: Result; watched: Watched } {
  const kept: Tensor[] = [];
  let drew = false;
  const original = engine();
  const keep = original.keep.bind(original);
  const { random } = Math;
  original.keep = (tensor) => {
    kept.push(tensor);
    return keep(tensor);
  };
  Object.assign(Math, {
    random: () => {
      drew = true;
      return random();
    },
  });
  try {
    const result = run();
    return { result, watched: { kept, drew } };
  } finally {
    Object.assign(Math, { random });
    Reflect.deleteProperty(original, 'keep');
  }
}

/** Refuses what no program can do. Throws STEP_NOT_TRACEABLE. */
export function requireNoTrace({ kept, drew }: Watched, returned: readonly Tensor[]): void {
  if (drew)
    refuse('Math.random', 'is called: draw from a RandomStream, or pass random numbers as an argument');
  const left = kept.filter((tensor) => !tensor.isDisposed && !returned.includes(tensor));
  if (left.length === 0) return;
  for (const tensor of left) tensor.dispose();
  refuse('tf.keep', 'holds a tensor beyond the step: return it instead');
}
