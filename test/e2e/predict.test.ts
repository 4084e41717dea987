import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';
import { expect, inject, it } from 'vitest';

import { findPrepared } from '../../src/artifacts/prepared.js';
import { QUICK, runCommand, runHere } from '../support/command.js';
import { temporaryFolder } from '../support/folders.js';
import { onSheet } from '../support/foreign-pictures.js';

interface Result {
  predictions: { picture: string; class: string; probability: number; top: object[]; seen?: number[][] }[];
  failures: { picture: string; code: string; message: string }[];
}

it('predict: classifies pictures of every kind, names each bad one, and fails with exit code 3', async () => {
  const cwd = await temporaryFolder();
  const trained = await runHere(['train', '--epochs', '3', '--run', 'base', ...QUICK], { cwd });
  expect(trained.code).toBe(0);
  const data = (await findPrepared(inject('smallDataDir'), 'mnist'))!;
  const names: string[] = [];
  for (let index = 0; index < 8; index++) {
    const pixels = data.test.pixels.subarray(index * 784, (index + 1) * 784);
    const { width, height, rgba } = onSheet(pixels, 4, (ink) => 255 - ink);
    const name = `digit-${index}.${index % 2 === 0 ? 'png' : 'jpg'}`;
    await sharp(rgba, { raw: { width, height, channels: 4 } }).toFile(join(cwd, name));
    names.push(name);
  }
  const labels = [...data.test.labels.subarray(0, 8)].map(String);

  const good = await runCommand(['predict', 'base', ...names, '--json'], { cwd });
  expect(good.code).toBe(0);
  const { predictions } = good.result() as unknown as Result;
  expect(predictions.map(({ picture }) => picture)).toEqual(names);
  const correct = predictions.filter((prediction, index) => prediction.class === labels[index]);
  expect(correct.length).toBeGreaterThanOrEqual(6);
  expect(predictions[0]?.top).toHaveLength(3);

  await writeFile(join(cwd, 'broken.png'), 'not a picture');
  await mkdir(join(cwd, 'folder.png'));
  await sharp({ create: { width: 9, height: 9, channels: 3, background: 'white' } }).toFile(
    join(cwd, 'white.png'),
  );
  const bad = ['missing.png', 'broken.png', 'folder.png', 'white.png'];
  const mixed = await runHere(
    ['predict', 'base', bad[0]!, names[0]!, bad[1]!, bad[2]!, names[1]!, bad[3]!, '--json', '--top', '10'],
    { cwd },
  );
  expect(mixed.code).toBe(3);
  const result = mixed.result() as unknown as Result;
  expect(result.predictions.map(({ picture }) => picture)).toEqual([names[0], names[1]]);
  expect(result.failures.map(({ picture }) => picture)).toEqual(bad);
  for (const name of bad) expect(mixed.stderr.split(`error: ${name}: `)).toHaveLength(2);
  const [first] = result.predictions as unknown as { top: { probability: number }[] }[];
  expect(first!.top.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 6);

  const input = await sharp(join(cwd, names[2]!)).webp({ lossless: true }).toBuffer();
  const shown = await runCommand(['predict', 'base', '-', '--show'], { cwd, input });
  expect(shown.code).toBe(0);
  expect(shown.stdout).toMatch(/^image .*\nstandard input +\d +\d+\.\d\d %/);
  expect(shown.stdout.split('\n').filter((line) => /^│[ ░▒▓█]{56}│$/.test(line))).toHaveLength(28);
  expect(shown.stdout).toContain('██');

  const none = await runCommand(['predict', 'base'], { cwd });
  expect(none.code).toBe(2);
  expect(none.stderr).toContain("missing required argument 'image'");
});
