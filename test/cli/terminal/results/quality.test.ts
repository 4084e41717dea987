import { Chalk } from 'chalk';
import { expect, it } from 'vitest';

import { silentContext } from '../../../../src/core/events.js';
import { clean } from '../../../../src/data/preparation/cleaning/clean.js';
import { checkModes } from '../../../../src/data/preparation/cleaning/cleaning-options.js';
import { reportCleaning } from '../../../../src/data/preparation/cleaning/cleaning-report.js';
import { examine } from '../../../../src/data/preparation/cleaning/quality.js';
import { stratifiedSplit } from '../../../../src/data/preparation/split.js';
import { qualityText } from '../../../../src/cli/terminal/results/quality.js';
import { greyImages } from '../../../support/images.js';

const plain = new Chalk({ level: 0 });

async function text(words: readonly string[], denoise = 'none'): Promise<string> {
  const train = greyImages(
    2,
    [
      [1, 2],
      [7, 7],
      [3, 4],
      [9, 8],
    ],
    [0, 1, 1, 0],
  );
  const tested = greyImages(
    2,
    [
      [3, 4],
      [1, 0],
    ],
    [1, 0],
  );
  const modes = checkModes(words);
  const predict = (): never => {
    throw new Error('not asked for');
  };
  const cleaned = await clean(
    { train, test: tested, classNames: ['a', 'b'], predict },
    modes,
    silentContext(),
  );
  const split = stratifiedSplit(cleaned.train.labels, 0, 1);
  const quality = {
    ...examine('mine', ['a', 'b'], cleaned.train, cleaned.test, split),
    cleaning: reportCleaning(cleaned, modes, denoise),
  };
  return qualityText(quality, plain);
}

it('says what each check found, and which checks were not run', async () => {
  const lines = (await text([])).split('\n');
  expect(lines).toContain('constant-images: 1 training, 0 test; reported');
  expect(lines).toContain('duplicates: 1 training, 0 test; reported');
  expect(lines).toContain(
    'checks not run: near-duplicates, outliers, label-errors (run them with --clean all)',
  );
  expect(lines.some((line) => line.startsWith('dropped'))).toBe(false);
});

it('says what was done', async () => {
  const lines = (await text(['constant-images=drop', 'duplicates=drop'], 'median')).split('\n');
  expect(lines).toContain('constant-images: 1 training, 0 test; 1 dropped, 0 relabelled');
  expect(lines).toContain('dropped 2 training and 0 test images, relabelled 0 (listed in changes.jsonl)');
  expect(lines).toContain('denoised all images: median');
});
