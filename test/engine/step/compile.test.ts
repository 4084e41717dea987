import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';

import { isToolkitError } from '../../../src/core/errors.js';
import { compile } from '../../../src/engine/step/compile.js';
import { refuseArgument } from '../../../src/engine/step/refusal.js';
import { stepGraph } from '../../../src/engine/step/step-graph.js';
import { eagerTensorFlow, traceStep } from '../../../src/engine/step/step-trace.js';
import { flatten } from '../../../src/engine/step/structure.js';
import { tensorFlowBackend } from '../../../src/tensorflow/backend/tfjs-backend.js';
import { startTensorFlow } from '../../support/training.js';

beforeAll(async () => {
  await startTensorFlow();
});

/** What is held: of tfjs, and of TensorFlow. */
function held(): { tensors: number; handles: number } {
  return { tensors: tf.memory().numTensors, handles: tensorFlowBackend()!.binding.getNumOfTensors() };
}

function codeAndMessage(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isToolkitError(error)) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'nothing was thrown';
}

interface Regression {
  weights: tf.Variable;
  bias: tf.Variable;
  train: (x: tf.Tensor2D, y: tf.Tensor2D) => tf.Scalar;
}

/** A small regression, with its variables in their first state. */
function regression(optimizer: tf.Optimizer): Regression {
  const weights = tf.variable(tf.tensor2d([0.5, -0.25, 0.125], [3, 1]));
  const bias = tf.variable(tf.zeros([1]));
  const train = (x: tf.Tensor2D, y: tf.Tensor2D): tf.Scalar =>
    optimizer.minimize(
      () => tf.mean(tf.squaredDifference(tf.add(tf.matMul(x, weights as tf.Tensor2D), bias), y)),
      true,
      [weights, bias],
    )!;
  return { weights, bias, train };
}

const features = (seed: number): tf.Tensor2D => tf.randomUniform([8, 3], -1, 1, 'float32', seed);
const targets = (seed: number): tf.Tensor2D => tf.randomUniform([8, 1], -1, 1, 'float32', seed);

/** Trains an eager and a compiled regression alike, and compares them after each step. */
function trainBoth(
  optimizers: readonly [tf.Optimizer, tf.Optimizer],
  before: (turn: number) => void = () => undefined,
): void {
  const [eager, compiled] = [regression(optimizers[0]), regression(optimizers[1])];
  const step = compile(compiled.train);
  for (let turn = 0; turn < 10; turn++) {
    before(turn);
    const [x, y] = [features(turn + 1), targets(turn + 1)];
    const [first, second] = [eager.train(x, y), step(x, y)];
    tf.test_util.expectArraysClose(second.dataSync(), first.dataSync(), 1e-6);
    tf.test_util.expectArraysClose(compiled.weights.dataSync(), eager.weights.dataSync(), 1e-6);
    tf.test_util.expectArraysClose(compiled.bias.dataSync(), eager.bias.dataSync(), 1e-6);
  }
  expect(step.programs).toBe(1);
  expect(optimizers[1].iterations).toBe(optimizers[0].iterations);
  step.dispose();
}

describe('a compiled training step', () => {
  it.each([
    ['sgd', () => tf.train.sgd(0.1)],
    ['momentum', () => tf.train.momentum(0.1, 0.9)],
    ['adam', () => tf.train.adam(0.01)],
    ['adamax', () => tf.train.adamax(0.01)],
    ['adagrad', () => tf.train.adagrad(0.1)],
    ['adadelta', () => tf.train.adadelta(0.1)],
    ['rmsprop', () => tf.train.rmsprop(0.01)],
  ])('trains as the eager one does, with %s, and counts its steps', (_, make) => {
    trainBoth([make(), make()]);
  });

  it('has the learning rate that an optimizer is given meanwhile', () => {
    const sgd = [tf.train.sgd(0.1), tf.train.sgd(0.1)] as const;
    trainBoth(sgd, (turn) => {
      if (turn % 4 === 3) for (const one of sgd) one.setLearningRate(0.1 / turn);
    });
    const adam = [tf.train.adam(0.01), tf.train.adam(0.01)] as const;
    trainBoth(adam, (turn) => {
      if (turn === 5) for (const one of adam) Object.assign(one, { learningRate: 0.1 });
    });
  });

  it('has the state that an optimizer is given meanwhile', async () => {
    const adam = [tf.train.adam(0.01), tf.train.adam(0.01)] as const;
    const [eager, compiled] = [regression(adam[0]), regression(adam[1])];
    const step = compile(compiled.train);
    for (let turn = 0; turn < 6; turn++) {
      const [x, y] = [features(turn + 1), targets(turn + 1)];
      tf.dispose([eager.train(x, y), step(x, y)]);
      // The first one's state replaces the variables of both.
      if (turn === 2) {
        const state = await adam[0].getWeights();
        for (const one of adam)
          await one.setWeights(state.map(({ name, tensor }) => ({ name, tensor: tensor.clone() })));
      }
    }
    tf.test_util.expectArraysClose(compiled.weights.dataSync(), eager.weights.dataSync(), 1e-6);
    step.dispose();
  });

  it('has the values that its variables are given meanwhile', () => {
    const level = tf.variable(tf.scalar(1));
    const step = compile((x: tf.Tensor) => {
      level.assign(tf.add(level, x));
      return tf.mul(level, 2);
    });
    const one = tf.scalar(1);
    expect(Array.from({ length: 3 }, () => step(one).dataSync()[0])).toEqual([4, 6, 8]);
    level.assign(tf.scalar(10));
    expect(step(one).dataSync()[0]).toBe(22);
    expect(level.dataSync()[0]).toBe(11);
    step.dispose();
    level.dispose();
  });
});

describe('a compiled step', () => {
  it('tells tensors apart that share their values', () => {
    const start = tf.tensor1d([1, 2]);
    const [first, second] = [tf.variable(start), tf.variable(start)];
    const step = compile((x: tf.Tensor, y: tf.Tensor) => {
      second.assign(tf.add(second, 1));
      return tf.stack([tf.sub(first, start), tf.sub(second, start), tf.sub(x, y)]);
    });
    const other = tf.tensor1d([5, 7]);
    // The first call is given one tensor twice, which is the value of a variable as well.
    expect(step(start, start).arraySync()).toEqual([
      [0, 0],
      [1, 1],
      [0, 0],
    ]);
    expect(step(other, start).arraySync()).toEqual([
      [0, 0],
      [2, 2],
      [4, 5],
    ]);
    first.assign(tf.tensor1d([0, 0]));
    expect(step(start, other).arraySync()).toEqual([
      [-1, -2],
      [3, 3],
      [-4, -5],
    ]);
    step.dispose();
  });

  it('keeps a tensor from outside that its owner has disposed of', () => {
    const factor = tf.scalar(3);
    const step = compile((x: tf.Tensor) => tf.mul(x, factor));
    const x = tf.scalar(2);
    step(x);
    factor.dispose();
    expect(step(x).dataSync()[0]).toBe(6);
    step.dispose();
  });

  it('takes and gives nested values', () => {
    const step = compile(
      ({ parts, mode }: { parts: tf.Tensor[]; mode: string | null }, isWanted: boolean) => ({
        sum: tf.addN(parts),
        all: [parts[0], { mode, isWanted, count: parts.length }],
      }),
    );
    const parts = [tf.scalar(1), tf.scalar(2)];
    for (let turn = 0; turn < 2; turn++) {
      const { sum, all } = step({ parts, mode: 'a' }, true);
      expect(sum.dataSync()[0]).toBe(3);
      expect((all[0] as tf.Tensor).dataSync()[0]).toBe(1);
      expect(all[1]).toEqual({ mode: 'a', isWanted: true, count: 2 });
    }
    expect(step.programs).toBe(1);
    expect(step({ parts, mode: null }, false).all[1]).toMatchObject({ mode: null });
    expect(step.programs).toBe(2);
    step.dispose();
  });

  it('has a program for each shape and type, of which it keeps so many', () => {
    const step = compile((x: tf.Tensor) => tf.mean(x), { programs: 3 });
    for (let turn = 0; turn < 2; turn++) {
      for (const size of [1, 2, 3, 4, 5]) expect(step(tf.ones([size])).dataSync()[0]).toBe(1);
    }
    expect(step.programs).toBe(3);
    step(tf.ones([5], 'int32'));
    expect(step.programs).toBe(3);
    step.dispose();
    expect(step.programs).toBe(0);
  });

  it('runs as it is where it is differentiated, or part of another', () => {
    const square = compile((x: tf.Tensor) => tf.square(x));
    const x = tf.scalar(3);
    square(x);
    expect(
      tf
        .grad((at) => square(at))(x)
        .dataSync()[0],
    ).toBe(6);
    const fourth = compile((at: tf.Tensor) => square(square(at)));
    for (let turn = 0; turn < 2; turn++) expect(fourth(x).dataSync()[0]).toBe(81);
    square.dispose();
    fourth.dispose();
  });

  it('looks up rows, and says so where there is none', () => {
    const table = tf.variable(tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]));
    const optimizer = tf.train.sgd(1);
    const step = compile((rows: tf.Tensor1D) =>
      optimizer.minimize(() => tf.sum(tf.gather(table, rows)), true, [table]),
    );
    const rows = tf.tensor1d([2, 0, 2], 'int32');
    for (let turn = 0; turn < 2; turn++) step(rows);
    expect(table.arraySync()).toEqual([
      [-1, 0],
      [3, 4],
      [1, 2],
    ]);
    const outside = tf.tensor1d([0, 3, 0], 'int32');
    expect(codeAndMessage(() => step(outside))).toMatch(/^TENSORFLOW_FAILED/);
    const before = held();
    expect(codeAndMessage(() => step(outside))).toMatch(
      /^TENSORFLOW_FAILED .* \(in (GatherV2|UnsortedSegmentSum)_\d+\)/,
    );
    expect(held()).toEqual(before);
    expect(table.arraySync()).toEqual([
      [-1, 0],
      [3, 4],
      [1, 2],
    ]);
    step.dispose();
  });
});

describe('what a compiled step may not do', () => {
  const batches = [tf.scalar, tf.scalar].map((make) => () => make(1));
  let calls = 0;
  const refused: [string, (x: tf.Tensor) => unknown, RegExp][] = [
    [
      'read values',
      (x) => tf.mul(x, tf.square(x).dataSync()[0]!),
      /reading values \(of the result of Square\)/,
    ],
    ['read an argument', (x) => tf.mul(x, x.dataSync()[0]!), /reading values/],
    [
      'read values, and hide that',
      (x) => (
        tf
          .square(x)
          .data()
          .catch(() => undefined),
        x
      ),
      /reading values/,
    ],
    ['wait', async (x) => Promise.resolve(tf.square(x)), /asynchronous/],
    ['draw random numbers', (x) => tf.add(x, tf.randomNormal([2])), /Math.random is called/],
    ['drop values', (x) => tf.dropout(x, 0.5), /Math.random is called/],
    ['return other values each time', () => tf.scalar(calls++), /returns values made in JavaScript/],
    ['count calls', (x) => tf.mul(x, calls++), /takes values made in JavaScript/],
    [
      'change its operations',
      (x) => (calls++ % 2 ? tf.sin(x) : tf.cos(x)),
      /the operations depend on the data/,
    ],
    ['take other tensors each time', (x) => tf.add(x, batches[calls++ % 2]!()), /nothing was thrown/],
    ['make variables', (x) => tf.mul(x, tf.variable(tf.scalar(2))), /tf.variable makes a variable each time/],
    ['keep tensors', (x) => (tf.keep(tf.square(x)), x), /tf.keep holds a tensor beyond the step/],
    ['free an argument', (x) => (x.dispose(), tf.scalar(1)), /frees an argument/],
    [
      'depend on values for a shape',
      (x) => tf.unique(x as tf.Tensor1D).values,
      /shape.* depends on the data/,
    ],
    ['make strings', (x) => [x, tf.tensor1d(['a', 'b'])], /strings made inside a step/],
    ['return something else', () => new Map(), /returns an object of the class Map/],
  ];

  it.each(refused)('%s', (what, run, message) => {
    const state = tf.variable(tf.scalar(1));
    const x = tf.tensor1d([1, 2]);
    const step = compile(function shaky(given: tf.Tensor) {
      state.assign(tf.add(state, 1));
      return run(given);
    });
    const before = held();
    const outcome = codeAndMessage(() => step(x));
    if (message.source !== 'nothing was thrown') {
      expect(outcome).toMatch(/^STEP_NOT_COMPILABLE shaky cannot be compiled: /);
      // The variable of the first call is the step's own.
      expect(held().tensors).toBe(before.tensors + (what === 'make variables' ? 1 : 0));
      expect(state.dataSync()[0]).toBe(1);
    }
    expect(outcome).toMatch(message);
    step.dispose();
    state.dispose();
  });

  it('has options that are none', () => {
    const step = (x: tf.Tensor): tf.Tensor => x;
    expect(codeAndMessage(() => compile(step, { programs: 0 }))).toMatch(/^USAGE compile: programs: /);
    expect(codeAndMessage(() => compile(step, JSON.parse('{"eagre":true}') as object))).toMatch(
      /did you mean "eager"/,
    );
  });

  it('is called with numbers, or with what is no tensor', () => {
    const step = compile((...values: unknown[]) => values[0]);
    expect(codeAndMessage(() => step(2))).toMatch(/^USAGE argument\[0\] of a compiled step is a number/);
    expect(codeAndMessage(() => step([{ rate: 2 }]))).toMatch(/argument\[0\]\[0\]\.rate .* is a number/);
    expect(codeAndMessage(() => step(new Map()))).toMatch(/is an object of the class Map/);
  });

  it('is called after it, or a variable of it, was disposed of', () => {
    const level = tf.variable(tf.scalar(1));
    const step = compile((x: tf.Tensor) => tf.add(x, level));
    step(tf.scalar(1));
    level.dispose();
    expect(codeAndMessage(() => step(tf.scalar(1)))).toMatch(/^USAGE the variable .* has been disposed of/);
    step.dispose();
    expect(codeAndMessage(() => step(tf.scalar(1)))).toMatch(/^USAGE .* has been disposed of/);
  });
});

describe('what a compiled step holds', () => {
  afterEach(() => {
    tf.disposeVariables();
  });

  it('does not grow with its calls, and goes with it', () => {
    const optimizer = tf.train.adam(0.01);
    const { train } = regression(optimizer);
    const [x, y] = [features(1), targets(1)];
    train(x, y).dispose();
    const atFirst = held();
    const step = compile(train);
    step(x, y).dispose();
    const before = held();
    for (let turn = 0; turn < 1000; turn++) step(x, y).dispose();
    expect(held()).toEqual(before);
    step.dispose();
    expect(held()).toEqual(atFirst);
    tf.dispose([x, y]);
  });

  it('goes when nobody refers to it any more', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const factor = tf.scalar(3);
    const x = tf.scalar(2);
    tf.dispose([tf.mul(x, factor)]);
    const before = held();
    for (let turn = 0; turn < 20; turn++) compile((at: tf.Tensor) => tf.mul(at, factor))(x).dispose();
    expect(held().handles).toBe(before.handles + 20);
    for (let turn = 0; turn < 20 && held().handles > before.handles + 1; turn++) {
      collect();
      await new Promise((done) => setTimeout(done, 10));
    }
    expect(held().handles).toBeLessThanOrEqual(before.handles + 1);
  });
});

describe('on another backend', () => {
  it('a compiled step says what it needs', async () => {
    await tf.setBackend('cpu');
    try {
      const step = compile((x: tf.Tensor) => tf.square(x));
      expect(codeAndMessage(() => step(tf.scalar(2)))).toMatch(/^BACKEND_UNAVAILABLE .*"cpu"/);
    } finally {
      await tf.setBackend('tensorflow');
    }
  });
});

describe('a step with much to compute', () => {
  const work = { rows: 64, inputs: 512, units: 256 };

  /** A step whose products are worth two threads each. */
  function makeStep(): {
    weights: tf.Variable<tf.Rank.R2>;
    step: (x: tf.Tensor2D) => tf.Scalar;
    end: () => void;
  } {
    const weights = tf.variable(
      tf.randomNormal<tf.Rank.R2>([work.inputs, work.units], 0, 0.05, 'float32', 1),
    );
    const optimizer = tf.train.sgd(0.1);
    const step = (x: tf.Tensor2D): tf.Scalar =>
      optimizer.minimize(() => tf.mean(tf.square(tf.relu(tf.matMul(x, weights)))), true, [weights])!;
    const end = (): void => {
      optimizer.dispose();
      if (!weights.isDisposed) weights.dispose();
    };
    return { weights, step, end };
  }

  const onCores = (cores: number, run: () => void): void => {
    const { context } = eagerTensorFlow()!.binding;
    const { config } = context;
    context.config = { ...config, threads: cores };
    try {
      run();
    } finally {
      context.config = config;
    }
  };

  it.each([2, 4])('computes parts of a batch at once on %i cores, as the eager one does', (cores) => {
    const before = held();
    tf.tidy(() => {
      const [eager, compiled] = [makeStep(), makeStep()];
      const step = compile(compiled.step);
      onCores(cores, () => {
        for (let turn = 0; turn < 3; turn++) {
          const x = tf.randomUniform<tf.Rank.R2>([work.rows, work.inputs], -1, 1, 'float32', turn + 1);
          tf.test_util.expectArraysClose(step(x).dataSync(), eager.step(x).dataSync(), 1e-6);
          tf.test_util.expectArraysClose(compiled.weights.dataSync(), eager.weights.dataSync(), 1e-6);
        }
      });
      step.dispose();
      for (const { end } of [eager, compiled]) end();
    });
    expect(held()).toEqual(before);
  });

  it('is cut into parts only where its arguments have a batch in common', () => {
    const { step, end } = makeStep();
    const x = tf.ones<tf.Rank.R2>([work.rows, work.inputs]);
    const shardsOf = (given: tf.Tensor[], cores: number): number => {
      const run = (first: tf.Tensor2D): tf.Tensor => step(first);
      return stepGraph(traceStep(eagerTensorFlow()!, run, flatten(given, refuseArgument)), cores).shards;
    };
    expect(shardsOf([x], 2)).toBe(2);
    expect(shardsOf([x], 1)).toBe(1);
    expect(shardsOf([x, tf.ones([2])], 2)).toBe(1);
    expect(shardsOf([x, tf.scalar(1)], 2)).toBe(1);
    end();
    x.dispose();
  });

  it('leaves nothing behind when it fails', () => {
    const { weights, step, end } = makeStep();
    const x = tf.ones<tf.Rank.R2>([work.rows, work.inputs]);
    onCores(2, () => {
      const compiled = compile(step);
      compiled(x).dispose();
      const before = held();
      weights.dispose();
      expect(codeAndMessage(() => compiled(x))).toMatch(/USAGE the variable .* has been disposed of/);
      expect(held().handles).toBeLessThanOrEqual(before.handles);
      compiled.dispose();
      x.dispose();
      end();
    });
  });
});
