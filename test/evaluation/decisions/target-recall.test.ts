import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/core/random.js';
import { plainPolicy, type DecisionPolicy } from '../../../src/evaluation/decisions/decide.js';
import { decisionOutcome } from '../../../src/evaluation/decisions/outcome.js';
import { costsForRecall, unitCosts } from '../../../src/evaluation/decisions/target-recall.js';
import { softmax, type ScoredExamples } from '../../../src/evaluation/probabilities.js';

const two = plainPolicy(['good', 'bad']);

/** Images of two classes by their probability of being bad; the first `good` of them are good. */
function parts(good: number, bad: readonly number[]): ScoredExamples {
  return {
    probabilities: Float64Array.from(bad.flatMap((value) => [1 - value, value])),
    labels: Uint8Array.from(bad, (_, index) => Number(index >= good)),
    classes: 2,
  };
}

function recallOf(scored: ScoredExamples, policy: DecisionPolicy, label: number): number {
  return decisionOutcome(scored, policy, { costs: null, abstentionCost: null }).perClass[label]!.recall!;
}

describe('of two classes', () => {
  const scored = parts(2, [0.05, 0.3, 0.1, 0.2, 0.4, 0.9]);

  it.each([
    [0.25, 1],
    [0.5, 0.6 / 0.4],
    [0.75, 0.8 / 0.2],
    [1, 0.9 / 0.1],
  ])(
    'for a recall of %f missing a bad one costs %f times as much: the odds of the last one that is found',
    (target, factor) => {
      const { costs } = costsForRecall(scored, two, new Map([[1, target]]));
      expect(costs![0]).toEqual([0, 1]);
      expect(costs![1]![0]! / factor).toBeCloseTo(1, 5);
      expect(recallOf(scored, { ...two, costs }, 1)).toBe(target);
    },
  );

  it('costs that are given are the start', () => {
    const costs = [
      [0, 2],
      [1, 0],
    ];
    const found = costsForRecall(scored, { ...two, costs }, new Map([[1, 0.75]])).costs!;
    expect(found[0]).toEqual([0, 2]);
    expect(found[1]![0]).toBeCloseTo(8, 4);
  });

  it('what no image tells cannot be reached', () => {
    const hopeless = parts(1, [0.5, 0]);
    expect(costsForRecall(hopeless, two, new Map([[1, 1]]))).toEqual({ costs: null, unreachable: 1 });
    const both = parts(1, [0.4, 0.4]);
    const targets = new Map([
      [0, 1],
      [1, 1],
    ]);
    expect(costsForRecall(both, two, targets).costs).toBeNull();
  });
});

describe('of several classes', () => {
  const classes = 4;
  const policy = plainPolicy(['a', 'b', 'c', 'd']);
  const random = new Random(3, 'target-recall');
  const labels = Uint8Array.from({ length: 400 }, () => random.integer(classes));
  const scored: ScoredExamples = {
    labels,
    classes,
    probabilities: Float64Array.from(
      [...labels].flatMap((label) => {
        const logits = random.normalArray(classes, 1.5);
        logits[label]! += 2;
        return [...softmax(logits)];
      }),
    ),
  };

  it('several targets are reached together', () => {
    const targets = new Map([
      [1, 0.8],
      [2, 0.75],
    ]);
    const { costs } = costsForRecall(scored, policy, targets);
    for (const [label, target] of targets) {
      expect(recallOf(scored, policy, label)).toBeLessThan(target);
      expect(recallOf(scored, { ...policy, costs }, label)).toBeGreaterThanOrEqual(target);
    }
  });

  it('a factor is the smallest that suffices', () => {
    const { costs } = costsForRecall(scored, policy, new Map([[3, 0.95]]));
    const factor = costs![3]![0]!;
    const lower = unitCosts(classes).map((row, label) =>
      row.map((cost) => (label === 3 ? 0.999 * factor : 1) * cost),
    );
    expect(recallOf(scored, { ...policy, costs: lower }, 3)).toBeLessThan(0.95);
  });
});
