import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/core/random.js';
import { binomialLaw, exactInterval } from '../../../src/evaluation/privacy/binomial.js';
import { auditOneRun, guessingProbability, largestRefuted } from '../../../src/evaluation/privacy/one-run.js';

describe('exact statistics', () => {
  it('the binomial law is that of a triangle of Pascal, and precise far out', () => {
    expect([...binomialLaw(4, 0.5)].map((value) => Math.round(value * 16))).toEqual([1, 4, 6, 4, 1]);
    expect(binomialLaw(1000, 0.5)[1000]! * 2 ** 1000).toBeCloseTo(1, 9);
    expect([...binomialLaw(3, 1)]).toEqual([0, 0, 0, 1]);
    const sum = binomialLaw(5000, 0.3).reduce((total, value) => total + value, 0);
    expect(sum).toBeCloseTo(1, 9);
  });

  it.each([
    // scipy.stats.binomtest(k, n).proportion_ci(method="exact")
    [0, 10, 0, 0.30849710781876083],
    [3, 10, 0.06673951117773441, 0.6524528500599972],
    [10, 10, 0.6915028921812392, 1],
    [12, 5000, 0.0012407107695624777, 0.004188560186045423],
  ])('%d of %d lie in SciPy’s interval', (times, trials, low, high) => {
    const found = exactInterval(times, trials);
    expect(found.low).toBeCloseTo(low, 6);
    expect(found.high).toBeCloseTo(high, 6);
  });
});

describe('one-run auditing', () => {
  it('bounds ε by the tail of a binomial law where δ is 0', () => {
    // All of 20 guesses right: (exp(ε)/(1 + exp(ε)))^20 = 0.05 solved for ε.
    const share = 0.05 ** (1 / 20);
    const epsilon = Math.log(share / (1 - share));
    expect(largestRefuted({ guesses: 20, correct: 20 }, 20, 0)).toBeCloseTo(epsilon, 9);
    expect(guessingProbability({ guesses: 20, correct: 20 }, 20, epsilon, 0)).toBeCloseTo(0.05, 12);
    expect(largestRefuted({ guesses: 20, correct: 12 }, 20, 0)).toBe(0);
  });

  it.each([
    // The program in appendix D of Steinke, Nasr and Jagielski: get_eps_audit(m, r, v, delta, 0.05).
    [1000, 100, 80, 1e-5, 0.9553185349550404],
    [1000, 100, 95, 1e-3, 0.5943136317300741],
    [5000, 1000, 640, 1e-5, 0.4639538079754857],
    [200, 200, 150, 0, 0.8213962430636457],
  ])('%d examples, %d guesses, %d right, δ %d: the paper’s program', (m, r, v, delta, epsilon) => {
    expect(largestRefuted({ guesses: r, correct: v }, m, delta)).toBeCloseTo(epsilon, 6);
  });

  it('is not fooled by scores that know nothing', () => {
    const random = new Random(4, 'audit');
    const bounds = Array.from({ length: 20 }, () => {
      const scores = Array.from({ length: 500 }, () => random.uniform());
      return auditOneRun(
        scores,
        scores.map(() => random.integer(2) === 1),
        1e-5,
      ).epsilon;
    });
    // A bound that holds in 95 % of cases is above 0 in at most a few of these.
    expect(bounds.filter((epsilon) => epsilon > 0).length).toBeLessThanOrEqual(3);
  });

  it('comes near the ε of randomised response, and not above', () => {
    const random = new Random(5, 'audit');
    const truth = 2;
    const isMember = Array.from({ length: 4000 }, () => random.integer(2) === 1);
    const isHonest = (): boolean => random.uniform() < 1 / (1 + Math.exp(-truth));
    const scores = isMember.map((member) => (isHonest() === member ? 1 : 0) + random.uniform() / 2);
    const { epsilon, guesses, examples } = auditOneRun(scores, isMember, 0);
    expect(epsilon).toBeGreaterThan(1.7);
    expect(epsilon).toBeLessThan(truth);
    expect(guesses).toBeLessThanOrEqual(examples);
  });

  it('finds who is wholly exposed among many who are not', () => {
    const random = new Random(6, 'audit');
    const isMember = Array.from({ length: 4000 }, () => random.integer(2) === 1);
    const scores = isMember.map((member, at) => random.uniform() + (at < 400 ? (member ? 1 : -1) : 0));
    const { epsilon, guesses } = auditOneRun(scores, isMember, 1e-5);
    expect(epsilon).toBeGreaterThan(2.5);
    expect(guesses).toBeLessThan(400);
  });

  it('says nothing of too few', () => {
    expect(auditOneRun([1, 0], [true, false], 0)).toMatchObject({ epsilon: 0, examples: 2 });
    expect(auditOneRun([], [], 0)).toMatchObject({ epsilon: 0, guesses: 0 });
  });
});
