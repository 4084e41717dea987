import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/core/random.js';
import { drawCanaries } from '../../../src/evaluation/privacy/canaries.js';
import {
  attackMembership,
  confidencesOf,
  judge,
  type Side,
} from '../../../src/evaluation/privacy/membership.js';

const range = (length: number): number[] => Array.from({ length }, (_, index) => index);

describe('scores of members and others', () => {
  it('that do not overlap give everything away, equal ones nothing', () => {
    const others = range(1000);
    expect(
      judge(
        range(50).map((score) => score + 1000),
        others,
      ),
    ).toMatchObject({ auc: 1, truePositiveRate: 1 });
    expect(judge(others, others)).toMatchObject({ auc: 0.5, truePositiveRate: 0.001 });
    expect(judge([3, 3], Array<number>(1000).fill(3))).toMatchObject({ auc: 0.5, truePositiveRate: 0 });
  });

  it('are judged at one false positive in a thousand', () => {
    // Of 2,000 others two may lie above the threshold: 1999 and 1998.
    const { truePositiveRate, interval } = judge([1997, 1997.5, 1998.5, 5000], range(2000));
    expect(truePositiveRate).toBe(0.75);
    expect(interval!.low).toBeLessThan(0.75);
    expect(judge([1], range(999))).toMatchObject({ truePositiveRate: null, interval: null });
  });
});

describe('the likelihood-ratio attack', () => {
  it('of normal confidences has the area that the normal distribution predicts', () => {
    const random = new Random(3, 'attack');
    const side = (shift: number, count: number): Side => {
      const labels = Uint8Array.from({ length: count }, (_, index) => index % 3);
      const noise = random.normalArray(count, 1);
      // Classes lie far apart: only what is fitted to each class tells members from others.
      const confidences = Float64Array.from(noise, (value, index) => value + shift + 20 * labels[index]!);
      return { confidences, labels };
    };
    const { auc, truePositiveRate } = attackMembership(side(1, 20_000), side(0, 20_000));
    // Φ(1/√2), and Φ(1 − 3.0902): the chance to lie above what one in a thousand of the others exceeds.
    expect(auc).toBeCloseTo(0.7602, 2);
    expect(truePositiveRate).toBeCloseTo(0.0183, 2);
    const { auc: chance } = attackMembership(side(0, 5000), side(0, 5000));
    expect(Math.abs(chance - 0.5)).toBeLessThan(0.02);
  });

  it('finds members of which a wide distribution tells, not a high mean', () => {
    const random = new Random(4, 'attack');
    const side = (deviation: number): Side => ({
      confidences: Float64Array.from(random.normalArray(5000, deviation)),
      labels: new Uint8Array(5000),
    });
    expect(attackMembership(side(3), side(1)).auc).toBeGreaterThan(0.7);
  });

  it('takes logits as log(p/(1 − p)) of the right class, also where p rounds to 1', () => {
    const found = confidencesOf(Float32Array.of(1, 2, 3, 100, 0, 0), Uint8Array.of(2, 0));
    const p = Math.exp(3) / (Math.exp(1) + Math.exp(2) + Math.exp(3));
    expect(found[0]).toBeCloseTo(Math.log(p / (1 - p)), 6);
    expect(found[1]).toBeCloseTo(100 - Math.log(2), 6);
  });
});

describe('canaries', () => {
  it('are distinct, of the side that their coin shows, and half of each', () => {
    const labels = Uint8Array.from({ length: 3000 }, (_, index) => index % 3);
    const all = Int32Array.from(range(3000));
    const split = {
      training: all.filter((index) => index % 5 > 0),
      heldBack: all.filter((index) => index % 5 === 0),
    };
    const { indices, isMember } = drawCanaries(split, labels, new Random(1, 'canaries'));
    expect(new Set(indices).size).toBe(indices.length);
    expect(indices.length).toBeGreaterThan(900);
    indices.forEach((index, at) => {
      expect(index % 5 > 0).toBe(isMember[at]);
    });
    const members = isMember.filter(Boolean).length;
    expect(Math.abs(members - indices.length / 2)).toBeLessThan(4 * Math.sqrt(indices.length / 4));
  });

  it('are none where a class has nearly no images held back', () => {
    const split = { training: Int32Array.of(0, 1, 2), heldBack: Int32Array.of(3) };
    expect(drawCanaries(split, new Uint8Array(4), new Random(1, 'canaries')).indices).toHaveLength(0);
  });
});
