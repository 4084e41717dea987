import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { beforeAll, expect, inject, it } from 'vitest';

import { ModelRegistry } from '../../../src/artifacts/model-registry.js';
import { RegistryWriter } from '../../../src/deployment/registry-writer.js';
import { softmaxRows } from '../../../src/evaluation/probabilities.js';
import {
  calibrate,
  deploy,
  embed,
  evaluate,
  explain,
  findLearningRate,
  importModel,
  predict,
  train,
} from '../../../src/index.js';
import { recordingContext } from '../../support/backends.js';
import { toolkitError } from '../../support/errors.js';
import { importCase, type ImportCase } from '../../support/imports.js';
import { expectClose } from '../../support/numbers.js';
import { pngOf } from '../../support/pictures.js';
import { ask, askJson, inferenceRequest, serveForTest } from '../../support/serving.js';

/* What each command does with an ONNX model of PyTorch, beside what PyTorch computed (bench/imports/make_onnx.py). */

let original: ImportCase;
let places: { dataDir: string; checkpointsDir: string };
let checkpoint: string;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mnist-train-test-onnx-'));
  original = await importCase('onnx-mnist', folder);
  places = { dataDir: inject('smallDataDir'), checkpointsDir: join(original.folder, 'runs') };
  predicting = { checkpointsDir: places.checkpointsDir, prepare: 'import' };
  ({ checkpoint } = await importModel(original.file, { checkpointsDir: places.checkpointsDir, run: 'net' }));
  return () => rm(folder, { recursive: true, force: true });
});

let predicting: { checkpointsDir: string; prepare: 'import' };

/** The first image as a file. */
const picture = { name: 'first.png', read: (): Promise<Buffer> => pngOf(original.pixels.subarray(0, 784)) };

it('evaluate finds the accuracy and the loss of the original, without TensorFlow', async () => {
  const { events, context } = recordingContext();
  const report = join(original.folder, 'report.html');
  const options = { ...places, report, mistakes: 2, resamples: 0, backend: 'tensorflow' };
  const found = await evaluate('net', options, context);
  expect(found).toMatchObject({
    n: 2000,
    accuracy: original.accuracy,
    backend: 'onnxruntime',
    device: 'CPU',
  });
  expect(found.loss).toBeCloseTo(original.loss!, 5);
  expect(events.filter(({ event }) => event === 'warning')).toMatchObject([
    { code: 'OPTION_WITHOUT_EFFECT', message: expect.stringMatching(/^--backend tensorflow /) as unknown },
  ]);
  expect(await readFile(report, 'utf8')).toContain('data:image/png');
});

it('predict and explain take pictures', async () => {
  const { predictions, failures } = await predict('net', [picture], { ...predicting, top: 10 });
  expect(failures).toEqual([]);
  const found = new Map(predictions[0]!.top.map(({ class: name, probability }) => [name, probability]));
  const expected = original.probabilities.subarray(0, 10);
  expectClose(
    Array.from({ length: 10 }, (_, label) => found.get(String(label))!),
    expected,
    1e-5,
  );
  const output = join(original.folder, 'maps');
  const asked = { ...places, prepare: 'import' as const, output };
  const { explanations } = await explain('net', [picture], {
    ...asked,
    method: 'occlusion',
    patch: 7,
    stride: 7,
  });
  expect(explanations[0]!.probability).toBeCloseTo(Math.max(...expected), 5);
  expect(existsSync(explanations[0]!.output)).toBe(true);
  for (const other of ['integrated-gradients', 'grad-cam'] as const) {
    const refusal = await toolkitError('USAGE', explain('net', [picture], { ...asked, method: other }));
    expect(refusal.hint).toBe('use --method occlusion');
  }
});

it('views of images are averaged as for other models', async () => {
  const { predictions, failures } = await predict('net', [picture], {
    ...predicting,
    testTimeAugmentation: true,
    // Views are made by TensorFlow, which all tests of this process start with one thread.
    threads: 1,
  });
  expect(failures).toEqual([]);
  const sum = predictions[0]!.top.reduce((total, { probability }) => total + probability, 0);
  expect(sum).toBeGreaterThan(0.3);
  expect(sum).toBeLessThanOrEqual(1 + 1e-6);
});

it('calibrate, deploy to the registry and serve', async () => {
  const { context, events } = recordingContext();
  const { measured, temperature } = await calibrate('net', { ...places, thresholds: [0.5] }, context);
  expect(temperature).toBeGreaterThan(0);
  expect(measured.find(({ split }) => split === 'test')!.accuracy).toBe(original.accuracy);
  expect(events).toContainEqual(expect.objectContaining({ code: 'TRAINING_UNKNOWN' }));
  const registryDir = join(original.folder, 'registry');
  const deployed = await deploy('net', { ...places, registryDir });
  expect(deployed).toMatchObject({ name: 'mnist', version: 1, verification: { largestDifference: 0 } });
  const refusal = await toolkitError('EXPORT_UNSUPPORTED', deploy('net', { ...places, to: 'tfjs' }));
  expect(refusal.hint).toBe('deploy it with --to registry or --to docker');

  const writer = new RegistryWriter(new ModelRegistry(registryDir), 'tester');
  await writer.promote('mnist', 1, { force: false });
  const { url } = await serveForTest(undefined, { registryDir, maxBatch: 4 });
  const { body } = await askJson(`${url}/v2/models/mnist/infer`, inferenceRequest(original.pixels, 7));
  const outputs = body['outputs'] as { name: string; data: number[] }[];
  const logits = outputs.find(({ name }) => name === 'logits')!.data;
  expectClose(softmaxRows(Float32Array.from(logits), 10), original.probabilities, 1e-5);
  // The page says so: as of ensembles, it shows the server's message.
  const file = await ask(`${url}/model/onnx`);
  expect(file).toMatchObject({ status: 409 });
  expect(JSON.stringify(file.body)).toContain('an imported ONNX model runs on the server alone');
});

it('what needs layers is refused in one line', async () => {
  for (const action of [
    () => train({ ...places, initFrom: 'net' }),
    () => train({ ...places, initFrom: 'net', model: 'mlp', threads: 1 }),
    () => findLearningRate({ ...places, initFrom: 'net', model: 'mlp', threads: 1 }),
    () => train({ ...places, resume: 'net' }),
    () => embed('net', places),
  ]) {
    expect((await toolkitError('CHECKPOINT_OPAQUE', action)).message).toContain(checkpoint);
  }
  const direct = await toolkitError('CHECKPOINT_FOREIGN', evaluate(original.file, places));
  expect(direct.hint).toContain('mnist import');
});
