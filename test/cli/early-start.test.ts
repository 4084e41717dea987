import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { plainSettings } from '../../src/cli/early-start.js';
import { temporaryFolder } from '../support/folders.js';

const automatic = { device: 'auto', runtime: undefined };

describe('plainSettings', () => {
  it('are the defaults without any setting of TensorFlow', async () => {
    expect(await plainSettings({}, {})).toEqual(automatic);
    expect(await plainSettings({ epochs: '3', backend: 'tensorflow' }, { MNIST_DEVICE: '' })).toEqual(
      automatic,
    );
  });

  it('are those of the command line before the environment’s', async () => {
    const environment = { MNIST_DEVICE: 'gpu', MNIST_TENSORFLOW: 'there' };
    expect(await plainSettings({}, environment)).toEqual({ device: 'gpu', runtime: 'there' });
    const typed = { device: 'cpu', runtime: 'here' };
    expect(await plainSettings(typed, environment)).toEqual(typed);
  });

  it('are those of a file before the defaults', async () => {
    const config = join(await temporaryFolder(), 'config.json');
    await writeFile(config, '{"epochs":3,"device":"cpu","runtime":"filed"}');
    expect(await plainSettings({ config }, {})).toEqual({ device: 'cpu', runtime: 'filed' });
    expect(await plainSettings({ config, runtime: 'typed' }, {})).toEqual({
      device: 'cpu',
      runtime: 'typed',
    });
    await writeFile(config, '{"resume":"latest"}');
    expect(await plainSettings({ config }, {})).toBeUndefined();
  });

  it('are unknown where something else decides, or another backend computes', async () => {
    const others: [Record<string, unknown>, NodeJS.ProcessEnv][] = [
      [{ resume: 'latest' }, {}],
      [{ workers: 2 }, {}],
      [{}, { MNIST_ELASTIC: '1:2' }],
      [{ printConfig: true }, {}],
      [{ backend: 'wasm' }, {}],
      [{}, { MNIST_BACKEND: 'cpu' }],
      [{ device: 'toaster' }, {}],
      [{ config: join(await temporaryFolder(), 'missing.json') }, {}],
    ];
    for (const [values, environment] of others)
      expect(await plainSettings(values, environment)).toBeUndefined();
  });
});
