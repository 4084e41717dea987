import { describe, expect, it } from 'vitest';

import type { RaceResult } from '../../bench/report.js';
import { weeklyRow, withWeeklyRow } from '../../bench/weekly-table.js';

/** A race of one round, in which an epoch takes so many seconds by contestant. */
function race(seconds: Record<string, number>): RaceResult {
  const machine = {
    ...{ processor: 'AMD EPYC', instructionSet: 'AVX2', cores: 2, memoryBytes: 2 ** 34, system: 'Linux' },
    ...{ node: 'v22.0.0', commit: 'abc1234', loadBefore: 0, usedBefore: 0.04 },
  };
  const entries = Object.entries(seconds).map(([contestant, each]) => ({
    ...{ task: 'mlp-sgd', contestant, variant: '', steps: 600, qualifying: {} },
    rounds: [
      {
        ...{ threads: 2, versions: {}, total: 1, peakBytes: 1, inference: 1, latency: 1 },
        epochs: [9, each].map((duration, at) => ({
          ...{ event: 'epoch' as const, epoch: at + 1, seconds: duration, testSeconds: 1 },
          ...{ loss: 1, accuracy: 1, at: 1 },
        })),
      },
    ],
  }));
  const numbers = { seconds: 1, rounds: 1, steps: 600, flopsPerSecond: {} };
  return { startedAt: '2026-11-30T21:00:00.000Z', machine, entries, ...numbers };
}

describe('weeklyRow', () => {
  it('says when, where and how fast', () => {
    const row = weeklyRow(race({ ours: 0.25, pytorch: 0.5 }));
    expect(row).toMatch(/^\| 2026-11-30 \| AMD EPYC \| AVX2 \| 2 \| abc1234 \| 4 % \| .* \|$/);
    expect(row).toContain('| 0.250 of 600 steps (2.00 ×, –) |');
  });

  it('refuses a race without this toolkit', () => {
    expect(() => weeklyRow(race({ pytorch: 0.5 }))).toThrow('"ours"');
  });
});

describe('withWeeklyRow', () => {
  it('begins the table at the end of the page, then appends to it', () => {
    const first = withWeeklyRow('# Benchmarks\n\n| other | table |\n', '| 1 |');
    expect(first).toMatch(
      /^# Benchmarks\n\n\| other \| table \|\n\n## Week by week\n[^|]+\n\| date .*\n\| ---.*\n\| 1 \|\n$/,
    );
    const followed = `${first}\n## More\n\n| and | another |\n`;
    expect(withWeeklyRow(followed, '| 2 |')).toBe(followed.replace('| 1 |\n', '| 1 |\n| 2 |\n'));
  });
});
