import { beforeAll, describe, expect, it } from 'vitest';

import { planSquareNet } from '../../../src/deployment/encrypted/plan.js';
import { classifyPlain } from '../../../src/deployment/encrypted/plain-model.js';
import { startOnCpu } from '../../support/backends.js';
import { logitsOf, noise, packed, tinyNet, type MadeUpNet } from '../../support/encrypted.js';
import { expectClose } from '../../support/numbers.js';

beforeAll(() => startOnCpu('cpu'));

const nets: [name: string, net: MadeUpNet][] = [
  ['of the recipe', net([28, 28, 1], 10, 32, 8, 3, 64)],
  ['tiny', tinyNet],
  ['on colour images that the windows do not cover evenly', net([12, 10, 3], 4, 5, 3, 2, 7)],
  ['with more filters than pixels in a window', net([9, 9, 1], 2, 40, 2, 4, 3)],
  ['with one of everything', net([3, 3, 1], 1, 1, 8, 1, 1)],
  ['with more units than features, and more classes than units', net([6, 6, 1], 11, 2, 6, 1, 5)],
  ['with as many numbers as there are slots', net([64, 64, 1], 3, 2, 8, 8, 33)],
];

function net([height, width, channels]: number[], classes: number, ...sizes: number[]): MadeUpNet {
  const [filters, kernelSize, stride, denseUnits] = sizes as [number, number, number, number];
  return {
    shape: { height: height!, width: width!, channels: channels! },
    classes,
    net: { filters: [filters], kernelSize, stride, denseUnits },
  };
}

describe('packed in slots', () => {
  it.each(nets)('a net %s computes what it computes as layers', (_, made) => {
    const pixels = noise(made, 2);
    const logits = classifyPlain(packed(made), { count: 2, pixels });
    const expected = logitsOf(made, pixels);
    expect(new Set(expected).size).toBeGreaterThan(1);
    expectClose(logits, expected, 1e-5);
  });
});

describe('a plan', () => {
  const plan = (
    { shape, classes, net: options }: MadeUpNet,
    slots = 4096,
  ): ReturnType<typeof planSquareNet> => planSquareNet({ shape, classes, options }, slots);

  it('rotates by powers of two alone, and the recipe’s needs eleven keys', () => {
    const made = plan(nets[0]![1]);
    expect(made).toMatchObject({ rotations: [1, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048] });
  });

  it.each([
    [
      net([28, 28, 3], 10, 32, 8, 3, 64),
      '8×8 windows of 8×8×3 need 16384 slots of a ciphertext, which has 4096',
    ],
    [
      net([28, 28, 1], 10, 65, 8, 3, 64),
      '8×8 positions of 65 filters need 8192 slots of a ciphertext, which has 4096',
    ],
    [net([28, 28, 1], 10, 32, 8, 3, 5000), '5000 units need 8192 slots of a ciphertext, which has 4096'],
  ])('says what does not fit', (made, reason) => {
    expect(plan(made)).toBe(reason);
  });
});
