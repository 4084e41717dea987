import { expect, it } from 'vitest';

import { contestants } from '../../bench/contestants.js';
import { QUICK, quickSteps, quickVariants } from '../../bench/quick.js';
import { tasks } from '../../bench/tasks.js';

it('a quick race has fewer variants, none that compiles, and at least one of each contestant', () => {
  for (const name of QUICK.contestants) {
    const contestant = contestants.find((each) => each.name === name)!;
    for (const task of tasks.filter(({ name }) => QUICK.tasks.some((each) => each === name))) {
      const labels = quickVariants(contestant, task).map(({ label }) => label);
      expect(labels.length).toBeGreaterThan(0);
      expect(labels.filter((label) => /compile|XLA/.test(label))).toEqual([]);
    }
  }
});

it('a quick race names tasks and contestants that exist, and has shorter epochs of the CNN', () => {
  expect(tasks.map(({ name }) => name)).toEqual(expect.arrayContaining([...QUICK.tasks]));
  expect(contestants.map(({ name }) => name)).toEqual(expect.arrayContaining([...QUICK.contestants]));
  expect([quickSteps({ model: 'mlp' }, 600), quickSteps({ model: 'cnn' }, 600)]).toEqual([600, 60]);
});
