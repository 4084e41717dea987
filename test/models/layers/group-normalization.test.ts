import { readFile } from 'node:fs/promises';

import { grads, mul, sum, tensor, tidy, type Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import '../../../src/engine/tracing/gradients.js';
import { groupNormalization, usualGroups } from '../../../src/models/layers/group-normalization.js';
import type { MapShape } from '../../../src/models/layers/layer.js';
import { startOnCpu } from '../../support/backends.js';
import { expectClose } from '../../support/numbers.js';

const numbers = z.array(z.number());
/** Made with PyTorch by bench/fixtures/make_group_norm_fixture.py. */
const fixture = z
  .object({
    ...{ shape: numbers, groups: z.int(), input: numbers, gain: numbers, bias: numbers, upstream: numbers },
    ...{ output: numbers, inputGradient: numbers, gainGradient: numbers, biasGradient: numbers },
  })
  .parse(JSON.parse(await readFile(new URL('../../fixtures/group-norm.json', import.meta.url), 'utf8')));

describe.each(['tensorflow', 'cpu'])('group normalisation, on %s', (backend) => {
  it('output and gradients are those of PyTorch', async () => {
    await startOnCpu(backend);
    const { shape, groups, gain, bias, upstream } = fixture;
    const layer = groupNormalization('n', shape.slice(1) as unknown as MapShape, groups);
    tidy(() => {
      const apply = (x: Tensor, scale: Tensor, shift: Tensor): Tensor =>
        layer.apply(
          x,
          new Map([
            ['n/gain', scale],
            ['n/bias', shift],
          ]),
        );
      const inputs = [tensor(fixture.input, shape), tensor(gain), tensor(bias)] as const;
      expectClose(apply(...inputs).dataSync(), fixture.output, 1e-5);
      const found = grads((x: Tensor, scale: Tensor, shift: Tensor) =>
        sum(mul(apply(x, scale, shift), tensor(upstream, shape))),
      )([...inputs]);
      expectClose(found[0]!.dataSync(), fixture.inputGradient, 1e-5);
      expectClose(found[1]!.dataSync(), fixture.gainGradient, 1e-5);
      expectClose(found[2]!.dataSync(), fixture.biasGradient, 1e-5);
    });
  });
});

it('groups divide the channels', () => {
  expect([32, 24, 12, 10, 7, 13].map(usualGroups)).toEqual([8, 8, 6, 5, 7, 1]);
});
