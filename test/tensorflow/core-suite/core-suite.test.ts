import { expect, it } from 'vitest';

import { runCoreSuite } from '../../../scripts/tfjs-core-suite.mjs';
import { knownFailures } from './known-failures.js';

/** The tests of tfjs-core 4.22.0. */
const ALL = 4230;

it.each([
  ['with oneDNN', '1'],
  ['without oneDNN', '0'],
])(
  'tfjs-core’s own tests pass %s, except those that are listed',
  { timeout: 300_000 },
  async (name, flag) => {
    const environment = { ...process.env, TF_ENABLE_ONEDNN_OPTS: flag };
    const { oneDnn, passed, failed, pending } = await runCoreSuite({ environment });
    process.stdout.write(
      `tfjs-core’s tests ${name}: ${passed} passed, ${failed.length} failed, ${pending.length} pending\n`,
    );
    // Only TensorFlow for Linux contains oneDNN.
    expect(oneDnn).toBe(process.platform === 'linux' && flag === '1');
    expect(failed.filter(({ name }) => !(name in knownFailures))).toEqual([]);
    expect(failed.map(({ name }) => name).sort()).toEqual(Object.keys(knownFailures).sort());
    expect(passed + failed.length + pending.length).toBe(ALL);
  },
);

it('the list of failures is short', () => {
  expect(Object.keys(knownFailures).length).toBeLessThanOrEqual(10);
});
