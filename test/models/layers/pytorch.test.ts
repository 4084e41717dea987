import { readFile } from 'node:fs/promises';

import { grads, mul, sum, tensor, tidy, type Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { backends } from '../../../src/engine/backends/index.js';
import { activations } from '../../../src/models/activations.js';
import { layerNormalization } from '../../../src/models/layers/layer-normalization.js';
import type { Layer, SequenceShape } from '../../../src/models/layers/layer.js';
import { cellNames, recurrent } from '../../../src/models/layers/recurrent.js';
import { selfAttention } from '../../../src/models/layers/self-attention.js';
import { startOnCpu } from '../../support/backends.js';
import { expectClose } from '../../support/numbers.js';

const numbers = z.array(z.number());
const recurrentOptions = z.object({
  cell: z.enum(cellNames),
  units: z.number(),
  bidirectional: z.boolean(),
  outputs: z.enum(['all', 'last']),
});

/** Made with PyTorch by bench/fixtures/make_sequence_fixture.py. */
const fixtureSchema = z.object({
  shape: z.tuple([z.number(), z.number(), z.number()]),
  cases: z.array(
    z.object({
      kind: z.string(),
      options: z.record(z.string(), z.unknown()),
      input: numbers,
      output: numbers,
      upstream: numbers,
      inputGradient: numbers,
      weights: z.record(z.string(), numbers),
      gradients: z.record(z.string(), numbers),
    }),
  ),
});

const file = new URL('../../fixtures/sequences.json', import.meta.url);
const { shape, cases } = fixtureSchema.parse(JSON.parse(await readFile(file, 'utf8')));
const [, length, width] = shape;
const inputShape: SequenceShape = [length, width];
const common = { name: 'n', inputShape, initializer: 'fan-in-uniform' } as const;

const layers: Record<string, (options: Record<string, unknown>) => Layer> = {
  'layer-normalization': () => layerNormalization('n', inputShape),
  'self-attention': (options) => selfAttention({ ...common, heads: Number(options['heads']) }),
  gelu: () => ({ outputShape: inputShape, parameters: [], apply: activations.gelu }),
  recurrent: (options) => recurrent({ ...common, ...recurrentOptions.parse(options) }),
};

describe.each(backends.names)('on %s, as PyTorch', (backend) => {
  it.each(cases)('$kind $options', async ({ kind, options, ...expected }) => {
    await startOnCpu(backend);
    const layer = layers[kind]!(options);
    const { parameters, outputShape } = layer;
    expect(parameters.map(({ name }) => name).sort()).toEqual(Object.keys(expected.weights).sort());
    tidy(() => {
      const outcome = (input: Tensor, ...weights: Tensor[]): Tensor =>
        layer.apply(input, new Map(weights.map((value, index) => [parameters[index]!.name, value])));
      const weights = parameters.map(({ name, shape: sizes }) => tensor(expected.weights[name]!, [...sizes]));
      const input = tensor(expected.input, shape);
      const output = outcome(input, ...weights);
      expect(output.shape.slice(1)).toEqual(outputShape);
      expectClose(output.dataSync(), expected.output, 2e-6);

      const upstream = tensor(expected.upstream, output.shape);
      const loss = (...inputs: Tensor[]): Tensor =>
        sum(mul(outcome(inputs[0]!, ...inputs.slice(1)), upstream));
      const [inputGradient, ...gradients] = grads(loss)([input, ...weights]);
      expectClose(inputGradient!.dataSync(), expected.inputGradient, 5e-6);
      gradients.forEach((gradient, index) => {
        const { name, shape: sizes } = parameters[index]!;
        expect(gradient.shape).toEqual(sizes);
        expectClose(gradient.dataSync(), expected.gradients[name]!, 5e-6);
      });
    });
  });
});
