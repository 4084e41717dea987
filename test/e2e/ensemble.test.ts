import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import sharp from 'sharp';
import { beforeAll, expect, inject, it } from 'vitest';

import { readCheckpoint } from '../../src/artifacts/checkpoint.js';
import { findPrepared } from '../../src/artifacts/prepared.js';
import { silentContext } from '../../src/core/events.js';
import { meanProbabilities } from '../../src/evaluation/ensemble.js';
import { classifyImages } from '../../src/models/classify-images.js';
import { QUICK, runCommand, runHere } from '../support/command.js';
import { onSheet } from '../support/foreign-pictures.js';
import { startTensorFlow } from '../support/training.js';

/** Where r1, r2 and r3 were trained. */
let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'mnist-train-test-'));
  for (const seed of ['1', '2', '3']) {
    const words = ['train', '--epochs', '1', '--run', `r${seed}`, '--seed', seed, ...QUICK];
    expect((await runHere(words, { cwd })).code).toBe(0);
  }
  return () => rm(cwd, { recursive: true, force: true });
});

it('the ensemble is the mean of its members’ probabilities', () => {
  const scored = (...probabilities: number[]): Parameters<typeof meanProbabilities>[0][number] => ({
    ...{ probabilities: Float64Array.from(probabilities), labels: Uint8Array.of(0, 1), classes: 2 },
  });
  const { probabilities, labels } = meanProbabilities([
    scored(0.75, 0.25, 0, 1),
    scored(0.25, 0.75, 0.5, 0.5),
  ]);
  expect([...probabilities]).toEqual([0.5, 0.5, 0.25, 0.75]);
  expect([...labels]).toEqual([0, 1]);
});

it(
  'evaluate --ensemble: members and ensemble, as computed here from their logits; misfits are refused',
  {
    timeout: 120_000,
  },
  async () => {
    const ensemble = ['evaluate', 'r1', 'r2', 'r3', '--ensemble', '--json', '--resamples', '0'];
    const report = ['--report', 'report.html', '--mistakes', '2', '--images-per-cell', '0'];
    const { code, result } = await runCommand([...ensemble, ...report], { cwd });
    expect(code).toBe(0);
    const page = await readFile(join(cwd, 'report.html'), 'utf8');
    for (const words of ['Ensemble of 3', 'Ensemble members', 'Loss of r2 by epoch', 'ensemble'])
      expect(page).toContain(words);
    expect(page.match(/<img /g)).toHaveLength(4);
    expect(page.replace(/<script.*?<\/script>/gs, '')).not.toMatch(/NaN|undefined|Infinity/);
    const found = result() as unknown as {
      accuracy: number;
      loss: number;
      n: number;
      members: { run: string; accuracy: number }[];
    };

    await startTensorFlow();
    const { test: images } = (await findPrepared(inject('smallDataDir'), 'mnist'))!;
    const logits = await Promise.all(
      ['r1', 'r2', 'r3'].map(async (run) => {
        const checkpoint = await readCheckpoint(join(cwd, 'checkpoints', run, 'best.safetensors'));
        return classifyImages(checkpoint, images, { signal: silentContext().signal });
      }),
    );
    const rows = logits.map((all) => (image: number) => {
      const powers = Array.from(all.subarray(10 * image, 10 * image + 10), Math.exp);
      const sum = powers.reduce((total, power) => total + power);
      return powers.map((power) => power / sum);
    });
    const wins = (scores: number[], label: number): boolean => scores.indexOf(Math.max(...scores)) === label;
    let [right, loss] = [0, 0];
    images.labels.forEach((label, image) => {
      const members = rows.map((row) => row(image));
      const means = members[0]!.map(
        (_, at) => members.reduce((sum, row) => sum + row[at]!, 0) / members.length,
      );
      right += Number(wins(means, label));
      loss -= Math.log(means[label]!);
    });
    expect(found.n).toBe(images.count);
    expect(found.accuracy).toBeCloseTo(right / images.count, 9);
    expect(found.loss).toBeCloseTo(loss / images.count, 4);
    expect(found.members.map(({ run }) => run)).toEqual(['r1', 'r2', 'r3']);
    found.members.forEach(({ accuracy }, member) => {
      const own = images.labels.filter((label, image) => wins(rows[member]!(image), label)).length;
      expect(accuracy).toBeCloseTo(own / images.count, 9);
      expect(found.accuracy).toBeGreaterThan(accuracy);
    });

    const views = await runHere([...ensemble, '--test-time-augmentation'], { cwd });
    const inViews = views.result() as unknown as typeof found & { views: number };
    expect([views.code, inViews.views]).toEqual([0, 11]);
    expect(inViews.loss).not.toBe(found.loss);
    expect(Math.abs(inViews.accuracy - found.accuracy)).toBeLessThan(0.03);

    const alone = await runCommand(['evaluate', 'r1', '--ensemble'], { cwd });
    expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining('two members or more')]);
    const both = await runCommand(['evaluate', 'r1', 'r2'], { cwd });
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('add --ensemble')]);
    const other = [
      'train',
      '--epochs',
      '1',
      '--run',
      'other',
      '--validation-split',
      '0.85',
      '--threads',
      '1',
    ];
    expect((await runHere(other, { cwd })).code).toBe(0);
    const words = ['evaluate', 'r1', 'other', '--ensemble', '--split', 'validation'];
    const refused = await runHere(words, { cwd });
    expect([refused.code, refused.stderr]).toEqual([6, expect.stringContaining('trained on another split')]);
  },
);

it('predict --with: the mean of what each says of a picture alone, decided without any of their rules', async () => {
  const { test: images } = (await findPrepared(inject('smallDataDir'), 'mnist'))!;
  const { width, height, rgba } = onSheet(images.pixels.subarray(0, 784), 4, (ink) => 255 - ink);
  await sharp(rgba, { raw: { width, height, channels: 4 } }).toFile(join(cwd, 'digit.png'));
  // With this rule, the first member alone asks a person.
  expect((await runHere(['calibrate', 'r1', '--thresholds', '1'], { cwd })).code).toBe(0);

  interface Found {
    run: string;
    model: string;
    predictions: {
      class: string | null;
      abstained: boolean;
      top: { class: string; probability: number }[];
    }[];
  }
  const predict = async (...words: string[]): Promise<Found> => {
    const run = words.length > 1 ? runCommand : runHere;
    const { code, result } = await run(
      ['predict', words[0]!, 'digit.png', ...words.slice(1), '--json', '--top', '10'],
      { cwd },
    );
    expect(code).toBe(0);
    return result() as unknown as Found;
  };
  const probabilities = ({ predictions }: Found): Map<string, number> =>
    new Map(predictions[0]!.top.map(({ class: name, probability }) => [name, probability]));
  expect((await predict('r1')).predictions[0]!.abstained).toBe(true);
  const others = [probabilities(await predict('r2')), probabilities(await predict('r3'))];
  const pair = await predict('r2', '--with', 'r3');
  expect([pair.run, pair.model]).toEqual(['r2 + r3', 'mlp']);
  for (const [name, probability] of probabilities(pair)) {
    expect(probability).toBeCloseTo((others[0]!.get(name)! + others[1]!.get(name)!) / 2, 6);
  }
  const [best] = pair.predictions[0]!.top;
  expect(pair.predictions[0]!.class).toBe(best!.class);
  const all = await predict('r1', '--with', 'r2,r3');
  expect([all.run, all.predictions[0]!.abstained]).toEqual(['r1 + r2 + r3', false]);

  const own = ['--data-dir', join(cwd, 'data')];
  expect((await runHere(['collect', 'mnist', ...own], { cwd })).code).toBe(0);
  for (const words of [
    ['preprocess', 'mnist', '--classes', '3,5', '--as', 'few', ...own],
    ['train', '--dataset', 'few', '--epochs', '1', '--run', 'odd', '--threads', '1', ...own],
  ]) {
    expect((await runHere(words, { cwd })).code).toBe(0);
  }
  const refused = await runHere(['predict', 'r1', 'digit.png', '--with', 'odd'], { cwd });
  expect([refused.code, refused.stderr]).toEqual([6, expect.stringContaining('trained on other classes')]);
  const missing = await runHere(['predict', 'r1', 'digit.png', '--with', 'nobody'], { cwd });
  expect([missing.code, missing.stderr]).toEqual([6, expect.stringContaining('nobody')]);
}, 120_000);
