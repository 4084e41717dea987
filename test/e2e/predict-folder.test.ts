import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';
import { expect, it } from 'vitest';

import { runCommand, runHere } from '../support/command.js';
import { writeMnistCheckpoint } from '../support/serving.js';
import { temporaryFolder } from '../support/folders.js';

/** A dark stroke on a light sheet. */
const stroke = async (path: string): Promise<void> => {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="60"><rect width="60" height="60" fill="#eee"/><rect x="26" y="8" width="8" height="44" fill="#111"/></svg>';
  await writeFile(path, await sharp(Buffer.from(svg)).png().toBuffer());
};

it('predict: a folder stands for all images in it; a CSV table has a row for each', async () => {
  const cwd = await temporaryFolder();
  const checkpoint = await writeMnistCheckpoint(cwd, 'small', 3);
  await mkdir(join(cwd, 'scans', 'more'), { recursive: true });
  for (const name of ['10.png', '9.png', 'more/1.png']) await stroke(join(cwd, 'scans', name));
  await writeFile(join(cwd, 'scans', 'notes.txt'), 'no picture');
  const files = ['9.png', '10.png', 'more/1.png'].map((name) => join('scans', name));

  const good = await runCommand(['predict', checkpoint, 'scans', '--json'], { cwd });
  expect(good.code).toBe(0);
  const { predictions } = good.result() as { predictions: { picture: string }[] };
  expect(predictions.map(({ picture }) => picture)).toEqual(files);
  expect(good.stderr).toContain('scans: images found: 3, other files skipped: 1');

  await writeFile(join(cwd, 'scans', 'broken.png'), 'not a picture');
  await mkdir(join(cwd, 'empty'));
  const mixed = await runHere(['predict', checkpoint, 'scans', 'empty', '--csv', '--top', '2'], { cwd });
  expect(mixed.code).toBe(3);
  expect(mixed.stderr).toContain('error: scans/broken.png: ');
  expect(mixed.stderr).toContain('error: empty: a folder without images');
  const rows = mixed.stdout.split('\r\n');
  expect(rows[0]).toMatch(/^image,class,probability,abstained,error,top_1,top_1_probability,top_2,/);
  expect(rows.slice(1).map((row) => row.split(',')[0])).toEqual([
    ...[...files.slice(0, 2), 'scans/broken.png', files[2], 'empty', ''],
  ]);

  for (const other of ['--json', '--show']) {
    const both = await runHere(['predict', checkpoint, 'scans', '--csv', other], { cwd });
    expect(both.code).toBe(2);
    expect(both.stderr).toContain(other);
  }
});
