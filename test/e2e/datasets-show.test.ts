import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';
import { expect, it } from 'vitest';

import { runCommand, runHere } from '../support/command.js';
import { temporaryFolder } from '../support/folders.js';

it('mnist datasets show mnist: for programs, with a card and a contact sheet', async () => {
  const cwd = await temporaryFolder();
  const words = [
    'datasets',
    'show',
    'mnist',
    '--card',
    'card.html',
    '--contact-sheet',
    'sheet.png',
    '--json',
  ];
  const { code, result } = await runCommand([...words, '--per-class', '3'], { cwd });
  expect(code).toBe(0);
  const view = result() as { splits: { training: { images: number; mean: number } }; findings: unknown[] };
  expect(view).toMatchObject({
    event: 'result',
    dataset: 'mnist',
    card: 'card.html',
    contactSheet: 'sheet.png',
  });
  expect(view.splits.training.images).toBe(10_799);
  expect(view.splits.training.mean).toBeCloseTo(33.59, 1);
  expect(view.findings.length).toBeGreaterThanOrEqual(3);
  expect(await readFile(join(cwd, 'card.html'), 'utf8')).toMatch(/^<!doctype html>[^]*<\/html>\n$/);
  const { format, height } = await sharp(join(cwd, 'sheet.png')).metadata();
  expect([format, height]).toEqual(['png', 10 * 60 - 4 + 24]);
});

it('a contact sheet shows what augmentation makes of an image of each class', async () => {
  const cwd = await temporaryFolder();
  const words = ['datasets', 'show', 'mnist', '--augment-rotation', '30'];
  const { code } = await runHere([...words, '--per-class', '4', '--contact-sheet', 'sheet.png'], { cwd });
  expect(code).toBe(0);
  const { data, info } = await sharp(join(cwd, 'sheet.png'))
    .grayscale()
    .raw()
    .toBuffer({ resolveWithObject: true });
  // The four cells of the first class, 56 pixels wide with 4 between them: all of one digit, and no two alike.
  const cells = [0, 1, 2, 3].map((column) => {
    const left = info.width - 12 - (4 - column) * 60 + 4;
    const rows = Array.from({ length: 56 }, (_, row) => {
      const start = (12 + row) * info.width + left;
      return [...data.subarray(start, start + 56)];
    });
    return rows.flat();
  });
  const ink = cells.map((cell) => cell.reduce((sum, value) => sum + value, 0));
  for (const amount of ink) expect(Math.abs(amount / ink[0]! - 1)).toBeLessThan(0.2);
  expect(new Set(cells.map((cell) => cell.join())).size).toBe(4);
  const nowhere = await runHere(words, { cwd });
  expect(nowhere.code).toBe(2);
  expect(nowhere.stderr).toContain('--contact-sheet FILE');
});

it('for people: pictures of half blocks, in colours where they are wanted', async () => {
  const cwd = await temporaryFolder();
  const plain = await runCommand(['datasets', 'show', 'mnist'], { cwd });
  expect(plain.code).toBe(0);
  expect(plain.stdout).toMatch(/^mnist: 10,799 training \+ 1,201 validation \+ 2,000 test images/);
  expect(plain.stdout).toMatch(/[▀▄█]{3}/);
  expect(plain.stdout).not.toContain('\u001B');
  const colored = await runCommand(['datasets', 'show', 'mnist'], { cwd, environment: { FORCE_COLOR: '1' } });
  expect(colored.stdout).toContain('\u001B[38;5;');
});

it('what cannot be shown is said in one line', async () => {
  const cwd = await temporaryFolder();
  const nameless = await runHere(['datasets', 'show'], { cwd });
  expect(nameless.code).toBe(2);
  expect(nameless.stderr).toMatch(/^error: no data set given [^\n]+\n$/);
  const outside = await runHere(['datasets', 'show', '../etc'], { cwd });
  expect(outside.code).toBe(2);
  const unknown = await runHere(['datasets', 'show', 'mnits'], { cwd });
  expect(unknown.code).toBe(3);
  expect(unknown.stderr).toContain('did you mean "mnist"?');
});
