import {
  BatchMatMul,
  dispose,
  getGradient,
  matMul,
  mean,
  mul,
  ones,
  randomUniform,
  registerGradient,
  reshape,
  slice,
  square,
  sub,
  sum,
  tensor2d,
  tidy,
  transpose,
  variable,
  variableGrads,
  type GradConfig,
  type Rank,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Variable,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import { clippedSum } from '../../../src/engine/per-example/clipped-sum.js';
import { batchNormalization } from '../../../src/models/layers/batch-normalization.js';
import {
  convolution,
  depthwiseConvolution,
  separableConvolution,
} from '../../../src/models/layers/convolution.js';
import { dense } from '../../../src/models/layers/dense.js';
import { groupNormalization } from '../../../src/models/layers/group-normalization.js';
import { layerNormalization } from '../../../src/models/layers/layer-normalization.js';
import type { Layer } from '../../../src/models/layers/layer.js';
import { positions } from '../../../src/models/layers/positions.js';
import { recurrent, type RecurrentOptions } from '../../../src/models/layers/recurrent.js';
import { selfAttention } from '../../../src/models/layers/self-attention.js';
import { transformerBlock } from '../../../src/models/layers/transformer-block.js';
import { TrainingVariables } from '../../../src/models/variables.js';
import { startOnCpu } from '../../support/backends.js';
import { toolkitError } from '../../support/errors.js';
import { trainingPass } from '../../support/training-pass.js';

const EXAMPLES = 5;
const initializer = 'fan-in-uniform';

type Case = [what: string, inputShape: number[], layer: () => Layer];

const map = (name: string, inputShape: [number, number, number], more: object): Case => [
  name,
  inputShape,
  () => convolution({ name: 'layer', inputShape, filters: 6, kernelSize: 3, initializer, ...more }),
];
const recurrentOf = (more: Partial<RecurrentOptions>): Layer =>
  recurrent({
    ...{ name: 'layer', inputShape: [6, 3], cell: 'lstm', units: 4 },
    ...{ bidirectional: false, outputs: 'last', initializer, ...more },
  });

const layers: Case[] = [
  ['dense', [7], () => dense({ name: 'layer', inputs: 7, units: 4, initializer, activation: 'tanh' })],
  // Few tokens of a wide matrix: AAᵀ and GGᵀ; many of a narrow one: AᵀG.
  [
    'dense, 3 tokens of 16',
    [3, 16],
    () => dense({ name: 'layer', inputs: 16, units: 16, initializer, leading: [3] }),
  ],
  [
    'dense, 20 tokens of 3',
    [20, 3],
    () => dense({ name: 'layer', inputs: 3, units: 4, initializer, leading: [20] }),
  ],
  map('convolution', [8, 8, 1], {}),
  map('convolution of channels', [7, 6, 3], { activation: 'tanh' }),
  map('convolution, same, without bias', [6, 7, 2], { padding: 'same', hasBias: false }),
  map('convolution, stride 2', [9, 8, 2], { stride: 2 }),
  map('convolution, stride 2, same', [9, 8, 2], { stride: 2, padding: 'same' }),
  map('convolution, stride 3, 5×5', [14, 11, 2], { stride: 3, kernelSize: 5, padding: 'same' }),
  map('convolution with fewer places than weights', [4, 4, 16], { filters: 16, padding: 'valid' }),
  map('convolution with fewer places than weights, same', [2, 2, 16], { filters: 16, padding: 'same' }),
  map('convolution of few channels with fewer places than weights', [4, 4, 2], { padding: 'valid' }),
  map('convolution of many channels, stride 2, same', [9, 8, 5], { stride: 2, padding: 'same' }),
  map('convolution 1×1', [5, 5, 4], { kernelSize: 1 }),
  map('convolution 1×1, stride 2', [5, 5, 4], { kernelSize: 1, stride: 2 }),
  [
    'depthwise',
    [6, 6, 3],
    () =>
      depthwiseConvolution({
        name: 'layer',
        inputShape: [6, 6, 3],
        kernelSize: 3,
        depthMultiplier: 2,
        initializer,
      }),
  ],
  [
    'depthwise, stride 2, same',
    [7, 6, 3],
    () =>
      depthwiseConvolution({
        name: 'layer',
        inputShape: [7, 6, 3],
        kernelSize: 3,
        stride: 2,
        padding: 'same',
        initializer,
      }),
  ],
  [
    'separable',
    [6, 6, 3],
    () =>
      separableConvolution({ name: 'layer', inputShape: [6, 6, 3], kernelSize: 3, filters: 5, initializer }),
  ],
  ['lstm', [6, 3], () => recurrentOf({})],
  ['gru', [6, 3], () => recurrentOf({ cell: 'gru' })],
  [
    'gru, both ways, all outputs',
    [6, 3],
    () => recurrentOf({ cell: 'gru', bidirectional: true, outputs: 'all' }),
  ],
  ['attention', [5, 8], () => selfAttention({ name: 'layer', inputShape: [5, 8], heads: 2, initializer })],
  [
    'transformer block',
    [5, 8],
    () =>
      transformerBlock('layer', [5, 8], {
        heads: 2,
        hidden: 12,
        dropout: 0,
        activation: 'gelu',
        initializer,
      }),
  ],
  ['positions', [4, 3], () => positions('layer', [4, 3], false)],
  ['positions with a class token', [4, 3], () => positions('layer', [4, 3], true)],
  ['layer normalisation', [4, 6], () => layerNormalization('layer', [4, 6])],
  ['group normalisation', [4, 4, 6], () => groupNormalization('layer', [4, 4, 6], 3)],
];

interface Subject {
  variables: TrainingVariables;
  trained: Variable[];
  /** The losses of the examples from one to another. */
  losses: (from: number, count: number) => Tensor1D;
  dispose: () => void;
}

function subjectOf([, inputShape, build]: Case): Subject {
  const layer = build();
  const variables = new TrainingVariables({ parameters: layer.parameters } as never, [], 3);
  const inputs = randomUniform([EXAMPLES, ...inputShape], -1, 1, 'float32', 1);
  // Examples whose gradients differ in size.
  const directions = mul(
    randomUniform([EXAMPLES, ...layer.outputShape], -1, 1, 'float32', 2),
    reshape(variable(tidy(() => randomUniform([EXAMPLES], 0.1, 4, 'float32', 3))), [
      EXAMPLES,
      ...layer.outputShape.map(() => 1),
    ]),
  );
  const { pass } = trainingPass(1, 1);
  const rows = (of: Tensor, from: number, count: number): Tensor =>
    slice(of, [from, ...of.shape.slice(1).map(() => 0)], [count, ...of.shape.slice(1)]);
  return {
    variables,
    trained: variables.trained.map(({ value }) => value),
    losses(from, count) {
      const output = layer.apply(rows(inputs, from, count), variables.values(), pass);
      return sum(reshape(mul(output, rows(directions, from, count)), [count, -1]), 1);
    },
    dispose: () => {
      dispose([inputs, directions]);
      variables.dispose();
    },
  };
}

/** The gradient of each example alone, by variable name. */
function explicit({ trained, losses }: Subject): Map<string, Float32Array>[] {
  return Array.from({ length: EXAMPLES }, (_, example) =>
    inTidy(() => {
      const { grads } = variableGrads(() => sum(losses(example, 1)), trained);
      return new Map(trained.map(({ name }) => [name, grads[name]!.dataSync<'float32'>().slice()]));
    }),
  );
}

/** `tidy`, for results that hold no tensors, or that nobody looks at. */
function inTidy<Result>(run: () => Result): Result {
  let result: Result;
  tidy(() => {
    result = run();
  });
  return result!;
}

const normOf = (values: Iterable<number>): number =>
  Math.sqrt([...values].reduce((total, value) => total + value ** 2, 0));

for (const backend of ['tensorflow', 'cpu']) {
  describe(`gradients by example, on ${backend}`, () => {
    beforeAll(() => startOnCpu(backend));

    it.each(layers)('%s: norms and clipped sums are those of explicit gradients', (...given) => {
      const subject = subjectOf(given);
      const { trained, losses } = subject;
      const named = new Map(trained.map((parameter) => [parameter.name, parameter]));
      const single = explicit(subject);
      const expected = single.map((gradients) =>
        normOf([...gradients.values()].flatMap((part) => [...part])),
      );
      const maxNorm = expected.toSorted((a, b) => a - b)[2]! * 1.01;
      tidy(() => {
        const weights = sub<Tensor1D>(ones([EXAMPLES]), [0, 0, 0, 0, 1]);
        const found = clippedSum(() => losses(0, EXAMPLES), named, {
          examples: EXAMPLES,
          maxNorm,
          weights,
        });
        found.norms.dataSync().forEach((norm, example) => {
          expect(Math.abs(norm / expected[example]! - 1)).toBeLessThan(1e-6);
        });
        // The last example only fills the batch.
        const factors = expected.map((norm, example) =>
          example === EXAMPLES - 1 ? 0 : Math.min(1, maxNorm / norm),
        );
        expect(factors.filter((factor) => factor > 0 && factor < 1).length).toBeGreaterThan(0);
        for (const { name } of trained) {
          const wanted = single[0]!
            .get(name)!
            .map((_, at) =>
              single.reduce(
                (total, gradients, example) => total + factors[example]! * gradients.get(name)![at]!,
                0,
              ),
            );
          const actual = found.gradients[name]!.dataSync();
          const difference = normOf(wanted.map((value, at) => value - actual[at]!));
          expect(difference / Math.max(normOf(wanted), 1e-6), name).toBeLessThan(2e-6);
        }
      });
      subject.dispose();
    });
  });
}

it('gradients that are registered later, as by @tensorflow/tfjs, are told apart too, and stay as they are', async () => {
  await startOnCpu('tensorflow');
  const before = getGradient(BatchMatMul);
  const later: GradConfig = {
    kernelName: BatchMatMul,
    inputsToSave: ['a', 'b'],
    gradFunc: (dy, [a, b]) => ({
      a: () => matMul(dy as Tensor2D, b as Tensor2D, false, true),
      b: () => matMul(a as Tensor2D, dy as Tensor2D, true),
    }),
  };
  registerGradient(later);
  const w = variable(ones<Rank.R2>([3, 2]));
  try {
    const norms = inTidy(() => {
      const x: Tensor2D = tensor2d([
        [1, 2, 2],
        [0, 0, 1],
      ]);
      const settings = { examples: 2, maxNorm: 1, weights: ones<Rank.R1>([2]) };
      const found = clippedSum(() => sum(matMul(x, w as Tensor2D), 1), new Map([['w', w]]), settings);
      return [...found.norms.dataSync()];
    });
    // Each row of x, once for either column.
    expect(norms[0]).toBeCloseTo(3 * Math.SQRT2, 5);
    expect(norms[1]).toBeCloseTo(Math.SQRT2, 5);
    expect(getGradient(BatchMatMul)).toBe(later);
  } finally {
    registerGradient(before);
    w.dispose();
  }
});

describe('what cannot be told apart by example is refused', () => {
  beforeAll(() => startOnCpu('tensorflow'));

  const refused = async (lossesOf: (w: Variable) => Tensor1D): Promise<string> => {
    const w = variable(ones([3, 3]));
    try {
      const run = (): Promise<never> =>
        Promise.resolve().then(() =>
          inTidy(() =>
            clippedSum(() => lossesOf(w), new Map([['w', w]]), {
              examples: 2,
              maxNorm: 1,
              weights: ones([2]),
            }),
          ),
        ) as Promise<never>;
      return (await toolkitError('PRIVACY_UNSUPPORTED', run())).message;
    } finally {
      w.dispose();
    }
  };
  const x = (): Tensor2D => ones([2, 3]);

  it.each<[string, (w: Variable) => Tensor1D]>([
    ['a parameter that is used twice', (w) => sum(matMul(matMul(x(), w as never), w as never), 1)],
    ['one that is transformed first', (w) => sum(matMul(x(), transpose<Tensor2D>(w as never)), 1)],
    ['one that is squared', (w) => sum(matMul(x(), square<Tensor2D>(w as never)), 1)],
    ['one on the left', (w) => slice(sum<Tensor1D>(matMul(w as never, transpose(x())), 0), 0, 2)],
    ['one that is penalised too', (w) => mul<Tensor1D>(sum(matMul(x(), w as never), 1), mean(w))],
  ])('%s', async (_, lossesOf) => {
    expect(await refused(lossesOf)).toContain('cannot be told apart by example');
  });

  it('batch normalisation', async () => {
    const layer = batchNormalization({ name: 'layer', shape: [3] });
    const variables = new TrainingVariables({ parameters: layer.parameters } as never, [], 3);
    const { pass } = trainingPass(1, 1);
    const losses = (): Tensor1D => sum(layer.apply(x(), variables.values(), pass), 1);
    const trained = new Map(variables.trained.map(({ spec, value }) => [spec.name, value]));
    const run = Promise.resolve().then(() =>
      inTidy(() => clippedSum(losses, trained, { examples: 2, maxNorm: 1, weights: ones([2]) })),
    );
    expect((await toolkitError('PRIVACY_UNSUPPORTED', run)).message).toContain('layer/scale');
    variables.dispose();
  });
});
