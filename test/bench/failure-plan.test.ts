import { expect, it } from 'vitest';

import { summaryOf } from '../../bench/workers/failures/outcome.js';
import { failureKinds, planFailures } from '../../bench/workers/failures/plan.js';

const options = { seed: 1, ranks: 4, spanMs: 8000, kinds: failureKinds };

it('plans failures of every kind and worker at moments of the whole span, alike for a seed', () => {
  const plan = planFailures(400, options);
  expect(planFailures(400, options)).toEqual(plan);
  expect(planFailures(400, { ...options, seed: 2 })).not.toEqual(plan);
  for (const kind of failureKinds)
    expect(plan.filter((each) => each.kind === kind).length).toBeGreaterThan(90);
  for (const rank of [0, 1, 2, 3]) {
    expect(plan.filter((each) => each.rank === rank).length).toBeGreaterThan(60);
  }
  const moments = plan.map(({ afterMs }) => afterMs);
  expect(Math.min(...moments)).toBeLessThan(200);
  expect(Math.max(...moments)).toBeGreaterThan(7800);
  expect(Math.max(...moments)).toBeLessThan(8000);
});

it('sums up the times until failures were noticed, and counts those that never were', () => {
  const failure = { kind: 'stop', rank: 1, afterMs: 10, phase: 'training' } as const;
  const times = [1000, 2000, 3000, undefined];
  const all = times.map((time) => ({ ...failure, noticedMs: time, overMs: undefined, said: '' }));
  expect(summaryOf('stop', 'training', all)).toBe(
    'stop  training    4  noticed 2.00 / 2.80 / 3.00 s (1 never)  all ended never (4 never)',
  );
  expect(summaryOf('kill', 'training', all)).toBeUndefined();
});
