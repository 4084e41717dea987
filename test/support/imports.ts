import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { expect } from 'vitest';

import { readCheckpoint } from '../../src/artifacts/checkpoint.js';
import { softmaxRows } from '../../src/evaluation/probabilities.js';
import { importModel } from '../../src/index.js';
import { classifyPixels } from '../../src/models/classify-pixels.js';
import { temporaryFolder } from './folders.js';
import { expectClose } from './numbers.js';

/** A model of another program with what it computes, made by bench/imports. */
export interface ImportCase {
  folder: string;
  /** The model's file. */
  file: string;
  classes: number;
  options: Record<string, unknown>;
  /** How far probabilities may be apart, where that is more than 1e-5. */
  tolerance?: number;
  /** How well the original program did on the test images of MNIST, where it was trained on them. */
  accuracy?: number;
  loss?: number;
  pixels: Uint8Array;
  /** The probabilities that the original program computed. */
  probabilities: Float32Array;
}

/**
 * Unpacks a case of test/fixtures/imports into a folder.
 *
 * @param given an empty folder; left out, one of the test's own
 */
export async function importCase(name: string, given?: string): Promise<ImportCase> {
  const folder = given ?? (await temporaryFolder());
  const fixture = await readFile(new URL(`../fixtures/imports/${name}.json`, import.meta.url), 'utf8');
  const files = new Map(
    Object.entries(JSON.parse(fixture) as Record<string, string[]>).map(([file, lines]) => [
      file,
      Uint8Array.from(gunzipSync(Buffer.from(lines.join(''), 'base64'))),
    ]),
  );
  for (const [file, bytes] of files) await writeFile(join(folder, file), bytes);
  const described = JSON.parse(Buffer.from(files.get('case.json')!).toString()) as Pick<
    ImportCase,
    'file' | 'classes' | 'options' | 'tolerance' | 'accuracy' | 'loss'
  >;
  return {
    ...described,
    folder,
    file: join(folder, described.file),
    pixels: files.get('pixels.bin')!,
    probabilities: new Float32Array(files.get('probabilities.bin')!.buffer),
  };
}

/** Imports a case, and expects the probabilities that the original program computed. */
export async function expectOriginalOutputs(name: string): Promise<void> {
  const { folder, file, classes, options, pixels, probabilities, tolerance = 1e-5 } = await importCase(name);
  const imported = await importModel(file, {
    ...options,
    run: 'mine',
    checkpointsDir: folder,
    dataset: 'own',
  });
  expect(imported).toMatchObject({ run: 'mine', classNames: { length: classes } });
  const { signal } = new AbortController();
  const logits = await classifyPixels(await readCheckpoint(imported.checkpoint), pixels, { signal });
  expectClose(softmaxRows(logits, classes), probabilities, tolerance);
  // The images are not all the same to it.
  expect(Math.abs(probabilities[0]! - probabilities[classes]!)).toBeGreaterThan(1e-4);
}
