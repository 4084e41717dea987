import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import sharp from 'sharp';
import { beforeAll, describe, expect, inject, it } from 'vitest';

import { readCheckpoint, type Checkpoint } from '../../../src/artifacts/checkpoint.js';
import { resolveCheckpoint } from '../../../src/artifacts/run.js';
import { gradCam } from '../../../src/evaluation/explanation/grad-cam.js';
import type { Explain } from '../../../src/evaluation/explanation/explainer.js';
import { integratedGradients } from '../../../src/evaluation/explanation/integrated-gradients.js';
import { occlusion } from '../../../src/evaluation/explanation/occlusion.js';
import { smoothGrad } from '../../../src/evaluation/explanation/smooth-grad.js';
import { explain, train, type ExplainOptions } from '../../../src/index.js';
import type { Explanations } from '../../../src/stages/explain/explain.js';
import { loadModel } from '../../../src/models/load-model.js';
import { openExplainer } from '../../../src/evaluation/explanation/model-explainer.js';
import { TrainingVariables } from '../../../src/models/variables.js';
import { rankCorrelation } from '../../support/correlation.js';
import { toolkitError } from '../../support/errors.js';
import { onSheet } from '../../support/foreign-pictures.js';
import { preparedMnist } from '../../support/serving.js';

let checkpointsDir: string;
let digits: Uint8Array[];
const explained = (name: string, options: ExplainOptions, pictures: Buffer[] = []): Promise<Explanations> => {
  const common = { dataDir: inject('smallDataDir'), checkpointsDir, threads: 1 };
  const sources = pictures.map((bytes, index) => ({
    name: `digit ${index}.png`,
    read: () => Promise.resolve(bytes),
  }));
  return explain(name, sources, { ...common, ...options });
};

beforeAll(async () => {
  checkpointsDir = await mkdtemp(join(tmpdir(), 'mnist-train-test-explain-'));
  const common = {
    dataDir: inject('smallDataDir'),
    checkpointsDir,
    threads: 1,
    validationSplit: 0.5,
    epochs: 1,
  };
  await train({ ...common, run: 'cnn', model: 'cnn', filters: [4, 8], denseUnits: 16 });
  await train({ ...common, run: 'mlp' });
  const { test: images } = await preparedMnist();
  digits = [0, 1, 2, 3].map((index) => images.pixels.subarray(index * 784, (index + 1) * 784));
  return () => rm(checkpointsDir, { recursive: true, force: true });
});

describe.each(['cnn', 'mlp'])('a trained %s', (run) => {
  it('integrated gradients add up within 1 % for every class of real images', async () => {
    for (const name of ['0', '3', '7']) {
      const { explanations } = await explained(run, { index: [0, 8], class: name });
      for (const { completeness, class: asked, label, output } of explanations) {
        const { sum, difference } = completeness!;
        expect(Math.abs(sum / difference - 1)).toBeLessThan(0.01);
        expect(asked).toBe(name);
        expect(['7', '5']).toContain(label);
        expect(output).toMatch(/explanations\/mnist-test-[08]-integrated-gradients\.png$/);
      }
    }
  });

  // Adebayo et al., 2018: what the model has learnt must matter, not the image alone.
  it('its maps are not those of the same model with random weights', async () => {
    const checkpoint = await readCheckpoint(await resolveCheckpoint(run, checkpointsDir));
    const methods: [string, Explain][] = [
      ['integrated-gradients', integratedGradients.build({ steps: 32 })],
      ['smooth-grad', smoothGrad.build({ samples: 32, noise: 0.15 })],
      ['occlusion', occlusion.build({ patch: 4, stride: 2 })],
      ...(run === 'cnn' ? [['grad-cam', gradCam.build({})] as [string, Explain]] : []),
    ];
    const signal = new AbortController().signal;
    const trained = openExplainer(checkpoint, 1, signal);
    const random = openExplainer(await withRandomWeights(checkpoint), 1, signal);
    for (const [name, method] of methods) {
      const alike: number[] = [];
      for (const [index, pixels] of digits.entries()) {
        const label = [7, 2, 1, 0][index]!;
        const [own, other] = [
          await trained.explain(method, pixels, label),
          await random.explain(method, pixels, label),
        ];
        const ink = [...pixels.keys()].filter((at) => pixels[at]! > 0);
        alike.push(rankCorrelation(own.map, other.map, ink));
        expect(rankCorrelation(own.map, (await trained.explain(method, pixels, label)).map, ink)).toBeCloseTo(
          1,
        );
      }
      const mean = alike.reduce((sum, value) => sum + value, 0) / alike.length;
      expect(Math.abs(mean), name).toBeLessThan(0.5);
    }
    trained.dispose();
    random.dispose();
  });
});

async function withRandomWeights(checkpoint: Checkpoint): Promise<Checkpoint> {
  const { model, variables } = loadModel(checkpoint);
  const fresh = new TrainingVariables(model, [], 99);
  const tensors = await fresh.store();
  variables.dispose();
  fresh.dispose();
  return { ...checkpoint, tensors };
}

it('pictures of one’s own are prepared and explained, and the result is a picture with both', async () => {
  const { width, height, rgba } = onSheet(digits[0]!, 4, (ink) => 255 - ink);
  const seven = await sharp(rgba, { raw: { width, height, channels: 4 } })
    .png()
    .toBuffer();
  const { explanations, failures, method } = await explained(
    'cnn',
    { method: 'occlusion', patch: 7, stride: 7 },
    [seven, Buffer.from('no picture')],
  );
  expect(method).toBe('occlusion');
  expect(explanations).toHaveLength(1);
  expect(explanations[0]).toMatchObject({ picture: 'digit 0.png', predicted: '7', class: '7', label: null });
  expect(failures.map(({ picture }) => picture)).toEqual(['digit 1.png']);
  const { data, info } = await sharp(explanations[0]!.output).raw().toBuffer({ resolveWithObject: true });
  expect(info.width).toBeGreaterThan(2 * 280);
  expect(info.channels).toBe(3);
  // The image on the left is black and white, and the map on the right has red where ink speaks for the seven.
  const pixel = (x: number, y: number): Uint8Array =>
    data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3);
  let reddest = 0;
  for (let y = 40; y < 300; y += 5) {
    for (let x = 0; x < 260; x += 5) {
      const [red = 0, green = 0, blue = 0] = pixel(20 + x, y);
      expect(Math.max(red, green, blue) - Math.min(red, green, blue)).toBeLessThan(8);
      const [heatRed = 0, , heatBlue = 0] = pixel(316 + x, y);
      reddest = Math.max(reddest, heatRed - heatBlue);
    }
  }
  expect(reddest).toBeGreaterThan(60);
});

it('what cannot be asked is refused with advice', async () => {
  const model = await toolkitError('USAGE', explained('mlp', { index: [0], method: 'grad-cam' }));
  expect(model.message).toContain('needs a model with convolutions');
  expect(model.hint).toContain('occlusion');
  expect((await toolkitError('USAGE', explained('mlp', { index: [2000] }))).message).toContain('0 to 1999');
  expect((await toolkitError('USAGE', explained('mlp', { class: '77' }))).hint).toContain('7');
  await toolkitError('OPTION_NOT_APPLICABLE', explained('mlp', { index: [0], method: 'grad-cam', steps: 9 }));
});
