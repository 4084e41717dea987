import { expect, it } from 'vitest';

import {
  applyRule,
  applyRuleToRows,
  canAbstain,
  plainRule,
  ruleOf,
} from '../../../src/evaluation/decisions/rule.js';

const classNames = ['no', 'yes'];

it('the plain rule gives the softmax and the likeliest class', () => {
  const { probabilities, decision } = applyRule([0, Math.log(3)], plainRule(classNames));
  expect(probabilities[1]).toBeCloseTo(0.75, 12);
  expect(decision).toMatchObject({ abstained: false, class: 1 });
  expect(canAbstain(plainRule(classNames).policy)).toBe(false);
});

it('a stored rule divides by its temperature before its thresholds are asked for', () => {
  const stored = { classNames, temperature: 2, thresholds: [0, 0.7], costs: null, abstentionCost: null };
  const rule = ruleOf(stored, { classNames });
  expect(canAbstain(rule.policy)).toBe(true);
  // Odds of 9 become odds of 3, and those of 4 become 2.
  const [sure, unsure] = applyRuleToRows(Float32Array.of(0, Math.log(9), 0, Math.log(4)), rule);
  expect(sure!.probabilities[1]).toBeCloseTo(0.75, 6);
  expect(sure!.decision).toMatchObject({ abstained: false, class: 1 });
  expect(unsure!.decision).toMatchObject({ abstained: true, class: null, candidate: 1 });
  expect(unsure!.decision.reason).toMatchObject({ code: 'below-threshold' });
});
