import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { beforeAll, expect, it } from 'vitest';

import { evaluationText } from '../../../src/cli/terminal/results/evaluation.js';
import { calibrationText } from '../../../src/cli/terminal/results/calibration.js';
import { styleFor } from '../../../src/cli/terminal/style.js';
import type { ToolkitEvent } from '../../../src/core/events.js';
import { calibrate, evaluate, train, type CalibrateOptions } from '../../../src/index.js';
import { callerLayer } from '../../../src/core/config/layers.js';
import { resolveOptions } from '../../../src/core/config/resolve.js';
import { evaluateFields } from '../../../src/stages/evaluate/evaluate-options.js';
import { evaluate as evaluateStage } from '../../../src/stages/evaluate/evaluate.js';
import { toolkitError } from '../../support/errors.js';
import { writeParts } from '../../support/parts.js';

/* 950 good and 50 bad parts to learn from, 20 of the bad ones held out, and as many to test with. */

let folder: string;
let places: { dataDir: string; checkpointsDir: string; threads: number };
const PLAIN = styleFor(process.stdout, false, {});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mnist-train-test-calibrate-'));
  places = { dataDir: folder, checkpointsDir: join(folder, 'runs'), threads: 1 };
  await writeParts(folder);
  const settings = { hiddenLayers: [8], batchSize: 20, epochs: 6, learningRate: 0.01 };
  await train({ ...places, ...settings, dataset: 'parts', run: 'parts', classWeights: 'balanced' });
  return () => rm(folder, { recursive: true, force: true });
});

function calibrated(options: CalibrateOptions): ReturnType<typeof calibrate> {
  return calibrate('parts', { ...places, ...options });
}

it('the recall of bad parts reaches its target, within what the number of images allows', async () => {
  const calibration = await calibrated({ targetRecall: ['bad=0.9'] });
  const [validation, test] = calibration.measured.map(({ outcome }) => outcome!);
  expect(validation!.before.perClass[1]!.recall).toBeLessThan(0.9);
  expect(validation!.after.perClass[1]!.recall).toBeGreaterThanOrEqual(0.9);
  const { recall, recallInterval, support } = test!.after.perClass[1]!;
  expect(support).toBe(50);
  expect(recall).toBeGreaterThan(test!.before.perClass[1]!.recall!);
  expect(recallInterval!.high).toBeGreaterThanOrEqual(0.9);
  expect(calibration.given).toEqual({ costs: null, targetRecall: { bad: 0.9 } });
  expect(calibrationText(calibration, PLAIN)).toMatch(/Test set: expected cost per image 0\.\d+ → 0\.\d+/);

  // What was chosen on the validation images is what evaluate finds on the test images.
  const fields = { fields: evaluateFields, choices: {} };
  const report = join(folder, 'report.html');
  const given = callerLayer({ ...places, report, resamples: 0, mistakes: 1 });
  const options = resolveOptions(fields, [given]).values;
  const evaluation = await evaluateStage('parts', options);
  expect(evaluation.extras.decisions).toEqual(test!.after);
  expect(evaluation.metrics.confusion).not.toEqual(test!.after.confusion);
  expect(evaluationText(evaluation, PLAIN)).toContain('confusion matrix of the decisions');
  expect(await readFile(report, 'utf8')).toContain('Confusion matrix of the decisions</h2>');
});

it('costs that are given are lower afterwards, and those that decisions cost are the ones given', async () => {
  const costs = join(folder, 'costs.json');
  await writeFile(costs, '[[0, 1], [5, 0]]');
  const { measured, given } = await calibrated({ costs });
  const [validation, test] = measured.map(({ outcome }) => outcome!);
  expect(validation!.after.expectedCost).toBeLessThan(validation!.before.expectedCost);
  const [good, bad] = test!.after.confusion;
  expect(test!.after.expectedCost).toBeCloseTo((good![1]! + 5 * bad![0]!) / 1000, 12);
  const both = await calibrated({ costs, targetRecall: ['bad=1'] });
  expect(both.given).toEqual({ ...given, targetRecall: { bad: 1 } });
  const after = both.measured[1]!.outcome!.after;
  expect(after.perClass[1]!.recall).toBeGreaterThan(test!.after.perClass[1]!.recall!);
  expect(after.expectedCost).toBeCloseTo((after.confusion[0]![1]! + 5 * after.confusion[1]![0]!) / 1000, 12);
});

it('decisions for the most probable class are no others than the predictions', async () => {
  await calibrated({});
  const { decisions } = await evaluate('parts', { ...places, resamples: 0 });
  expect(decisions).toBeNull();
});

it('too few validation images for a target are a warning', async () => {
  const warnings: ToolkitEvent[] = [];
  const context = { emit: (event: ToolkitEvent) => event.event === 'warning' && warnings.push(event) };
  await calibrate('parts', { ...places, targetRecall: ['bad=0.99'] }, context);
  expect(warnings).toEqual([
    expect.objectContaining({
      code: 'FEW_IMAGES',
      message: expect.stringContaining('only 20 images of "bad"') as string,
    }),
  ]);
});

it.each<[string, CalibrateOptions, string]>([
  ['a class that there is not', { targetRecall: ['ugly=0.9'] }, 'no class "ugly"'],
  ['a share above 1', { targetRecall: ['bad=1.5'] }, 'is not a class and a recall'],
  ['no share', { targetRecall: ['bad'] }, 'is not a class and a recall'],
  ['two targets for a class', { targetRecall: ['bad=0.9', 'bad=0.8'] }, 'twice'],
  ['a target and a threshold', { targetRecall: ['bad=0.9'], thresholds: [0.5] }, 'cannot be combined'],
  ['targets that exclude each other', { targetRecall: ['bad=1', 'good=1'] }, 'cannot be reached'],
])('%s is refused', async (_, options, message) => {
  expect((await toolkitError('USAGE', calibrated(options))).message).toContain(message);
});
