import { join } from 'node:path';

import { expect, it } from 'vitest';

import { readCheckpoint, writeCheckpoint } from '../../src/artifacts/checkpoint.js';
import { loadFloats, storeFloats } from '../../src/artifacts/safetensors.js';
import { QUICK, runCommand, runHere } from '../support/command.js';
import { temporaryFolder } from '../support/folders.js';

it(
  '--reproduce repeats a run bit for bit, and says what differs where it does',
  { timeout: 120_000 },
  async () => {
    const cwd = await temporaryFolder();
    const first = [
      'train',
      '--epochs',
      '2',
      '--run',
      'first',
      '--seed',
      '7',
      '--hidden-layers',
      '16',
      ...QUICK,
    ];
    expect((await runCommand(first, { cwd })).code).toBe(0);

    const again = await runCommand(['train', '--reproduce', 'first', '--run', 'again', '--json'], { cwd });
    expect(again.code).toBe(0);
    expect(again.result()['reproduction']).toMatchObject({
      ...{ of: 'first', identical: true, largestDifference: 0, circumstances: [] },
    });

    // A weight and a version that are not what training would make.
    const path = join(cwd, 'checkpoints', 'again', 'last.safetensors');
    const { description, tensors } = await readCheckpoint(path);
    // Whether it is on depends on the environment.
    expect(description.machine).toMatchObject({ oneDnn: expect.any(Boolean) as boolean });
    const [name, stored] = [...tensors].find(([key]) => key.startsWith('parameters/'))!;
    const weights = loadFloats(stored).slice();
    weights[3]! += 0.5;
    const changed = new Map(tensors).set(name, storeFloats(weights, stored.shape));
    await writeCheckpoint({ path, description: { ...description, toolkit: '0.0.7' }, tensors: changed });
    const other = await runHere(['train', '--reproduce', 'again', '--run', 'other', '--json'], { cwd });
    expect(other.code).toBe(0);
    expect(other.stderr).toMatch(/warning: again was trained with mnist-train 0\.0\.7, and now it is/);
    const { reproduction } = other.result() as {
      reproduction: { identical: boolean; largestDifference: number };
    };
    expect(reproduction.identical).toBe(false);
    expect(reproduction.largestDifference).toBeCloseTo(0.5, 5);

    const data = { ...description.data, fingerprint: 'f'.repeat(64) };
    await writeCheckpoint({ path, description: { ...description, data }, tensors });
    const refused = await runHere(['train', '--reproduce', 'again'], { cwd });
    expect([refused.code, refused.stderr]).toEqual([6, expect.stringContaining('trained on other data')]);
    const conflict = await runHere(['train', '--reproduce', 'first', '--seed', '8'], { cwd });
    expect([conflict.code, conflict.stderr]).toEqual([
      2,
      expect.stringContaining('seed is 7 in run "first"'),
    ]);
  },
);
