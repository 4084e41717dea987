import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { inverse, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';

import { readDecision } from '../../../src/artifacts/decision.js';
import type { LabelledImages } from '../../../src/core/images.js';
import { Random } from '../../../src/core/random.js';
import { fitLikeness, limitOf, storedLikeness } from '../../../src/data/likeness/fit.js';
import { distanceOf, likenessOf } from '../../../src/data/likeness/likeness.js';
import { loadDecisionRule } from '../../../src/evaluation/decisions/load-decision.js';
import { storedDecision } from '../../support/decisions.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';

const shape = { height: 2, width: 2, channels: 1 };

/** Images of two classes: the upper or the lower half is light. */
function halves(count: number, seed: number): LabelledImages {
  const random = new Random(seed, 'halves');
  const labels = Uint8Array.from({ length: count }, (_, index) => index % 2);
  const pixels = Uint8Array.from({ length: 4 * count }, (_, at) => {
    const isLight = Math.floor((at % 4) / 2) === labels[Math.floor(at / 4)];
    return (isLight ? 180 : 20) + random.integer(60);
  });
  return { count, shape, pixels, labels };
}

const train = halves(500, 1);
const all = Int32Array.from({ length: 500 }, (_, index) => index);

describe('likeness to the training images', () => {
  it('is the Mahalanobis distance from the nearest class', () => {
    const fitted = fitLikeness(train, all, 2);
    const rows = Array.from({ length: 500 }, (_, row) =>
      [...train.pixels.subarray(4 * row, 4 * row + 4)].map((value) => Math.sqrt(value / 255)),
    );
    const means = [0, 1].map((label) => {
      const own = rows.filter((_, row) => train.labels[row] === label);
      return own[0]!.map((_, at) => own.reduce((sum, row) => sum + row[at]!, 0) / own.length);
    });
    const centred = new Matrix(rows.map((row, index) => row.map((v, at) => v - means[index % 2]![at]!)));
    const covariance = centred.transpose().mmul(centred).div(499);
    const precision = inverse(covariance.add(Matrix.eye(4, 4, (0.03 * covariance.trace()) / 4)));
    const image = Uint8Array.of(200, 100, 50, 25);
    const squares = means.map((mean) => {
      const difference = Matrix.rowVector([...image].map((v, at) => Math.sqrt(v / 255) - mean[at]!));
      return difference.mmul(precision).mmul(difference.transpose()).get(0, 0);
    });
    expect(distanceOf(image, fitted)).toBeCloseTo(Math.sqrt(Math.min(...squares)), 3);
  });

  it('calls one image in a hundred unlike that is like them, and those that are none of them', () => {
    const stored = storedLikeness(fitLikeness(train, all, 2), halves(999, 2), halves(2000, 3));
    // Of 999 distances the 990th is the limit: nine are beyond it.
    expect(stored.flagged.validation).toBe(9 / 999);
    expect(stored.flagged.test).toBeLessThan(0.025);
    const strange = Uint8Array.of(255, 0, 0, 255, 0, 0, 0, 0);
    expect(likenessOf(strange, shape, stored).map(({ unlike }) => unlike)).toEqual([true, true]);
    const [own] = likenessOf(train.pixels.subarray(0, 4), shape, stored);
    expect(own!.unlike).toBe(false);
    expect(own!.distance).toBeLessThan(1);
  });

  it('takes the distance that exchangeable images exceed as rarely as promised', () => {
    const distances = Float64Array.from({ length: 99 }, (_, index) => 99 - index);
    expect(limitOf(distances)).toBe(99);
    expect(limitOf(Float64Array.from({ length: 199 }, (_, index) => index + 1))).toBe(198);
  });

  it('is refused where a decision file holds other numbers than it says, or those of another size', async () => {
    const path = join(await temporaryFolder(), 'last.safetensors');
    await writeFile(path, 'any');
    const likeness = storedLikeness(fitLikeness(train, all, 2), halves(99, 2), halves(10, 3));
    const file = join(path, '..', 'decision.json');
    const write = async (changes: object): Promise<void> => {
      const decision = await storedDecision(path, { likeness });
      await writeFile(file, JSON.stringify({ ...decision, likeness: { ...likeness, ...changes } }));
    };
    const bytes = Buffer.from(likeness.parameters, 'base64');
    bytes.writeFloatLE(NaN, 8);
    for (const parameters of [likeness.parameters.slice(0, 24), bytes.toString('base64')]) {
      await write({ parameters });
      const { message } = await toolkitError('DECISION_INVALID', readDecision(path));
      expect(message).toMatch(/likeness\.parameters/);
    }
    await write({});
    const description = { classNames: ['0', '1'], shape: { height: 28, width: 28, channels: 1 } };
    const context = { emit: () => undefined };
    const { message } = await toolkitError('DECISION_INVALID', loadDecisionRule(path, description, context));
    expect(message).toMatch(/another size/);
    expect((await loadDecisionRule(path, { ...description, shape }, context)).likeness).toEqual(likeness);
  });
});
