import { expect, it } from 'vitest';

import { measuredText } from '../../../../src/cli/terminal/results/measured.js';

it('what a model reaches is said with how it was found out, or not at all', () => {
  const measured = {
    configuration: 'configs/rnn.json',
    accuracy: 0.98765,
    seeds: 3,
    seconds: 95.4,
    machine: '2 cores',
  };
  expect(measuredText(measured)).toBe(
    'test accuracy 98.77 % (mean of 3 seeds), trained in 1:35 on 2 cores with configs/rnn.json',
  );
  expect(measuredText({ ...measured, seeds: 1 })).toContain('(one seed)');
  expect(measuredText(null)).toBe('accuracy not measured');
});
