import { describe, expect, it } from 'vitest';

import { silentContext } from '../../../../src/core/events.js';
import { checks } from '../../../../src/data/preparation/checks/index.js';
import {
  clean,
  needsBackend,
  type Cleaned,
  type CleaningInput,
} from '../../../../src/data/preparation/cleaning/clean.js';
import { checkModes, cleaningOptions } from '../../../../src/data/preparation/cleaning/cleaning-options.js';
import { reportCleaning } from '../../../../src/data/preparation/cleaning/cleaning-report.js';
import { failureOf } from '../../../support/errors.js';
import { greyImages } from '../../../support/images.js';

// Training image 1 is empty, 2 is test image 0, 3 has no label, 5 is probably of class 1.
const data = (): CleaningInput => ({
  train: greyImages(
    2,
    [
      [1, 2],
      [7, 7],
      [3, 4],
      [5, 6],
      [8, 9],
      [9, 8],
    ],
    [0, 1, 1, 255, 1, 0],
  ),
  test: greyImages(
    2,
    [
      [3, 4],
      [0, 0],
    ],
    [1, 0],
  ),
  classNames: ['no', 'yes'],
  predict: (usable) => {
    const train = Float32Array.from([0.9, 0.1, 0.5, 0.5, 0.1, 0.9, 0.03, 0.97, 0.1, 0.9, 0.02, 0.98]);
    asked.push([...usable]);
    return Promise.resolve({ classes: 2, train, test: Float32Array.of(0.1, 0.9, 0.9, 0.1) });
  },
});
const asked: number[][] = [];

const run = (words: readonly string[], input = data()): Promise<Cleaned> =>
  clean(input, checkModes(words), silentContext());

describe('clean', () => {
  it('reports by default, and changes nothing', async () => {
    const input = data();
    const { train, test: tested, changes, findings } = await run([], input);
    expect(train).toBe(input.train);
    expect(tested).toBe(input.test);
    expect(changes).toEqual([]);
    expect(findings.map(({ check, split, index, action }) => [check, split, index, action])).toEqual([
      ['constant-images', 'train', 1, 'none'],
      ['constant-images', 'test', 1, 'none'],
      ['duplicates', 'train', 2, 'none'],
      ['labels', 'train', 3, 'none'],
    ]);
  });

  it('leaves out what is dropped, lists it, and leaves the given images as they are', async () => {
    const input = data();
    const before = structuredClone(input.train);
    const cleaned = await run(['constant-images=drop', 'duplicates=drop', 'labels=drop'], input);
    expect(input.train).toEqual(before);
    expect(cleaned.train).toMatchObject({ count: 3, shape: { height: 1, width: 2, channels: 1 } });
    expect([...cleaned.train.pixels]).toEqual([1, 2, 8, 9, 9, 8]);
    expect([...cleaned.train.labels]).toEqual([0, 1, 0]);
    expect([...cleaned.test.pixels]).toEqual([3, 4]);
    expect(cleaned.changes).toMatchObject([
      { split: 'train', index: 1, action: 'drop', check: 'constant-images', from: 1, to: null },
      { split: 'train', index: 2, action: 'drop', check: 'duplicates', from: 1, to: null },
      { split: 'train', index: 3, action: 'drop', check: 'labels', from: 255, to: null },
      { split: 'test', index: 1, action: 'drop', check: 'constant-images', from: 0, to: null },
    ]);
    for (const { reason } of cleaned.changes) expect(reason).not.toBe('');
  });

  it('fills in and corrects labels, from predictions that are made once and without what was dropped', async () => {
    asked.length = 0;
    const { train, changes } = await run(['constant-images=drop', 'labels=fix', 'label-errors=fix']);
    expect([...train.labels]).toEqual([0, 1, 1, 1, 1]);
    expect(changes.filter(({ action }) => action === 'relabel')).toMatchObject([
      { split: 'train', index: 3, check: 'labels', from: 255, to: 1 },
      { split: 'train', index: 5, check: 'label-errors', from: 0, to: 1 },
    ]);
    expect(asked).toEqual([[0, 2, 4, 5]]);
  });

  it('stops when it is aborted', async () => {
    const reason = new Error('interrupted');
    const context = silentContext({ signal: AbortSignal.abort(reason) });
    expect(await failureOf(clean(data(), checkModes([]), context))).toBe(reason);
  });

  it('is summed up by check', async () => {
    const modes = checkModes(['constant-images=drop', 'labels=drop']);
    const report = reportCleaning(await clean(data(), modes, silentContext()), modes, 'median');
    expect(report).toMatchObject({ denoise: 'median', dropped: { train: 2, test: 1 }, relabelled: 0 });
    expect(report.checks['constant-images']).toMatchObject({
      mode: 'drop',
      found: { train: 1, test: 1 },
      dropped: 2,
      worst: [{ index: 1 }, { index: 1 }],
    });
    expect(report.checks['outliers']).toMatchObject({ mode: 'off', found: { train: 0, test: 0 } });
    expect(Object.keys(report.checks)).toEqual(checks.names);
  });
});

describe('the option', () => {
  it('names checks with and without a mode; the later word counts', () => {
    const modes = checkModes(['all', 'outliers=drop', 'duplicates=drop', 'duplicates=off']);
    expect(Object.fromEntries(modes)).toEqual({
      'constant-images': 'report',
      duplicates: 'off',
      'near-duplicates': 'report',
      outliers: 'drop',
      labels: 'refuse',
      'label-errors': 'report',
    });
  });

  it.each([['outliers=fix'], ['labels=report'], ['nonsense'], ['outliers='], ['all=drop']])(
    'refuses %s',
    (word) => {
      expect(cleaningOptions.clean.safeParse([word]).success).toBe(false);
    },
  );

  it('knows what computes on a backend', () => {
    expect(needsBackend(checkModes([]))).toBe(false);
    expect(needsBackend(checkModes(['duplicates=drop', 'labels=drop']))).toBe(false);
    expect(needsBackend(checkModes(['labels=fix']))).toBe(true);
    expect(needsBackend(checkModes(['near-duplicates']))).toBe(true);
  });

  it('every check has its fallback among its modes, and a source', () => {
    for (const { modes, fallback, source } of checks) {
      expect(modes).toContain(fallback);
      expect(source).toMatch(/\S/);
    }
  });
});
