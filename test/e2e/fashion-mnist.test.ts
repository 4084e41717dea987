import { existsSync } from 'node:fs';

import { expect, it } from 'vitest';

import { QUICK, runCommand } from '../support/command.js';
import { temporaryFolder } from '../support/folders.js';

/** Debian's package dataset-fashion-mnist, which `.ci/run` installs. */
const FOLDER = '/usr/share/datasets/fashion-mnist';

it.skipIf(!existsSync(FOLDER))(
  `the real Fashion-MNIST, from gzipped files in ${FOLDER}, through collect, preprocess, train and evaluate`,
  async () => {
    const cwd = await temporaryFolder();
    const environment = { MNIST_DATA_DIR: 'data' };
    const step = async (...words: string[]): Promise<Record<string, unknown>> => {
      const { code, stderr, result } = await runCommand([...words, '--json'], { cwd, environment });
      expect(stderr).not.toMatch(/^error/m);
      expect(code).toBe(0);
      return result();
    };
    await step('collect', 'fashion-mnist', '--from', FOLDER);
    const { quality } = (await step('preprocess', 'fashion-mnist')) as {
      quality: { counts: { test: number[] } };
    };
    expect(quality.counts.test).toEqual(new Array(10).fill(1000));
    await step('train', '--dataset', 'fashion-mnist', '--epochs', '2', '--run', 'clothes', ...QUICK);
    const { accuracy, perClass } = (await step('evaluate', 'clothes')) as {
      accuracy: number;
      perClass: { name: string }[];
    };
    expect(accuracy).toBeGreaterThan(0.7);
    expect(perClass.map(({ name }) => name)).toContain('Ankle boot');
  },
);
