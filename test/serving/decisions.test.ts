import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { decisionPath, writeDecision, type StoredDecision } from '../../src/artifacts/decision.js';
import { selectImages } from '../../src/core/images.js';
import { fitLikeness, storedLikeness } from '../../src/data/likeness/fit.js';
import { storedDecision } from '../support/decisions.js';
import { temporaryFolder } from '../support/folders.js';
import { pngOf } from '../support/pictures.js';
import {
  ask,
  askJson,
  inferenceRequest,
  preparedMnist,
  serveForTest,
  writeMnistCheckpoint,
} from '../support/serving.js';

let folder: string;
let made: string;
let pixels: Uint8Array;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mnist-train-test-decisions-'));
  made = await writeMnistCheckpoint(folder, 'three', 3);
  pixels = new Uint8Array((await preparedMnist()).test.pixels.subarray(0, 784));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** The checkpoint in a folder of its own, with a decision beside it; it is sure of class 3 to the last digit. */
async function decided(changes: Partial<StoredDecision>): Promise<string> {
  const path = join(await temporaryFolder(), 'last.safetensors');
  await copyFile(made, path);
  await writeDecision(path, await storedDecision(path, changes));
  return path;
}

async function classify(url: string): Promise<Record<string, unknown>> {
  const body = await pngOf(pixels);
  const headers = { 'content-type': 'image/png' };
  return (await ask(`${url}/classify`, { method: 'POST', body: new Uint8Array(body), headers })).body;
}

interface Output {
  name: string;
  datatype: string;
  data: unknown[];
}

async function infer(url: string): Promise<Record<string, unknown[]>> {
  const { body } = await askJson(`${url}/v2/models/mnist/infer`, inferenceRequest(pixels, 1));
  return Object.fromEntries((body['outputs'] as Output[]).map(({ name, data }) => [name, data]));
}

it('without a decision, the likeliest class is given and nobody abstains', async () => {
  const { url } = await serveForTest(made);
  expect(await classify(url)).toMatchObject({
    class: 3,
    label: '3',
    abstained: false,
    candidate: null,
    reason: null,
  });
  expect(await infer(url)).toMatchObject({ class: [3], abstained: [false], reason: [''] });
});

it('the temperature and the thresholds of calibrate decide, and the answer says why it abstains', async () => {
  const thresholds = Array.from({ length: 10 }, (_, digit) => (digit === 3 ? 0.9 : 0));
  // Logits of some 100 for the class become less than 1: about as likely as the others.
  const { url } = await serveForTest(await decided({ temperature: 200, thresholds }));
  const answer = await classify(url);
  expect(answer).toMatchObject({
    class: null,
    label: null,
    abstained: true,
    candidate: '3',
    reason: { code: 'below-threshold', message: expect.stringMatching(/“3” has probability/) as unknown },
  });
  const probabilities = Object.values(answer['probabilities'] as Record<string, number>);
  expect(Math.max(...probabilities)).toBeLessThan(0.3);
  expect(probabilities.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 6);

  const outputs = await infer(url);
  expect(outputs).toMatchObject({ class: [-1], abstained: [true] });
  expect(outputs['reason']).toEqual([expect.stringMatching(/threshold is 90\.0 %/)]);
  expect(outputs['probabilities']![3]).toBeCloseTo(probabilities[3]!, 6);
  const { body } = await ask(`${url}/model/description`);
  expect(body).toMatchObject({ rule: { temperature: 200, policy: { thresholds } } });
  expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/mnist_abstained_images_total\{.*\} 2/);
});

it('costs change what is decided for', async () => {
  // To take a 3 for what it is costs; to take it for an 8 is free.
  const costs = Array.from({ length: 10 }, (_, truth) =>
    Array.from({ length: 10 }, (__, column) => (truth === 3 && column === 8 ? 0 : 1)),
  );
  const { url } = await serveForTest(await decided({ costs }));
  expect(await classify(url)).toMatchObject({ class: 8, label: '8', abstained: false });
  expect(await infer(url)).toMatchObject({ class: [8] });
});

it('texts and truth values come as bytes where that is asked for', async () => {
  const { url } = await serveForTest(
    await decided({ thresholds: Array<number>(10).fill(1), temperature: 200 }),
  );
  const response = await fetch(`${url}/v2/models/mnist/infer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...inferenceRequest(pixels, 1),
      outputs: ['abstained', 'reason'].map((name) => ({ name, parameters: { binary_data: true } })),
    }),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const start = Number(response.headers.get('inference-header-content-length'));
  expect(bytes[start]).toBe(1);
  const length = bytes.readUInt32LE(start + 1);
  expect(bytes.length).toBe(start + 5 + length);
  expect(bytes.toString('utf8', start + 5)).toMatch(/threshold is 100\.0 %$/);
});

it('a new decision is a new version; one of another checkpoint is passed over, a broken one refused', async () => {
  const path = await decided({});
  const { url, refresh, events } = await serveForTest(path);
  const first = await classify(url);
  await copyFile(decisionPath(await decided({ temperature: 50 })), decisionPath(path));
  await refresh();
  const second = await classify(url);
  expect(second['version']).not.toBe(first['version']);
  expect(second['probability']).toBeLessThan(first['probability'] as number);

  const other = JSON.parse(await readFile(decisionPath(path), 'utf8')) as StoredDecision;
  other.checkpoint.sha256 = '0'.repeat(64);
  await writeFile(decisionPath(path), JSON.stringify(other));
  await refresh();
  expect((await classify(url))['probability']).toBe(first['probability']);
  expect(events).toContainEqual(expect.objectContaining({ code: 'DECISION_OUTDATED' }));

  const before = await classify(url);
  await writeFile(decisionPath(path), '{');
  await refresh();
  expect((await classify(url))['version']).toBe(before['version']);
  expect(events).toContainEqual(expect.objectContaining({ code: 'DECISION_INVALID' }));
});

it('says whether an image is unlike the training images, where calibrate has learnt that', async () => {
  const { train, test } = await preparedMnist();
  const indices = Int32Array.from({ length: 500 }, (_, index) => index);
  const validation = selectImages(
    train,
    Int32Array.from({ length: 200 }, (_, index) => 500 + index),
  );
  const likeness = storedLikeness(fitLikeness(train, indices, 10), validation, test);
  const { url } = await serveForTest(await decided({ likeness }));
  const like = await classify(url);
  expect(like).toMatchObject({ unlike: false });
  expect(like['distance']).toBeLessThan(1);
  const block = Uint8Array.from({ length: 784 }, (_, at) => (at % 28 > 8 && at > 200 && at < 600 ? 255 : 0));
  const body = new Uint8Array(await pngOf(block));
  const headers = { 'content-type': 'image/png' };
  const unlike = (await ask(`${url}/classify`, { method: 'POST', body, headers })).body;
  expect(unlike).toMatchObject({ unlike: true });
  // What training images look like is not for every visitor.
  const description = (await ask(`${url}/model/description`)).body;
  expect(description['rule']).toEqual({ temperature: 1, policy: expect.any(Object) as object });
});
