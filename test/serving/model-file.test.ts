import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { OnnxModel } from '../../src/deployment/onnx/runtime.js';
import { serve } from '../../src/index.js';
import { temporaryFolder } from '../support/folders.js';
import {
  ask,
  askJson,
  inferenceRequest,
  preparedMnist,
  serveForTest,
  writeMnistCheckpoint,
} from '../support/serving.js';

it('gives the served model in ONNX, which answers as the server does', async () => {
  const { url } = await serveForTest(await writeMnistCheckpoint(await temporaryFolder(), 'three', 3));
  const response = await fetch(`${url}/model/onnx`);
  expect(response.status).toBe(200);
  const model = await OnnxModel.load(new Uint8Array(await response.arrayBuffer()));
  const { test: images } = await preparedMnist();
  const pixels = images.pixels.slice(0, 5 * 784);
  const few = { count: 5, shape: images.shape, pixels, labels: images.labels.slice(0, 5) };
  const theirs = await model.classify(few, 'uint8');
  await model.dispose();
  const { body } = await askJson(`${url}/v2/models/mnist/infer`, {
    ...inferenceRequest(pixels, 5),
    outputs: [{ name: 'probabilities' }],
  });
  const [ours] = body['outputs'] as { data: number[] }[];
  expect(theirs).toHaveLength(50);
  theirs.forEach((probability, index) => {
    expect(Math.abs(probability - ours!.data[index]!)).toBeLessThan(1e-5);
  });
});

it('the runtime of the page comes once: a browser that has it is told so', async () => {
  const { url } = await serveForTest(await writeMnistCheckpoint(await temporaryFolder(), 'three', 3));
  const address = `${url}/runtime/ort.wasm.min.mjs`;
  const first = await fetch(address);
  expect(first.headers.get('content-type')).toMatch(/^text\/javascript/);
  expect((await first.text()).length).toBeGreaterThan(10_000);
  const headers = { 'if-none-match': first.headers.get('etag')! };
  expect((await fetch(address, { headers })).status).toBe(304);
  expect((await fetch(`${url}/runtime/..%2Fpackage.json`)).status).toBe(404);
});

it('a model that is gone is not available, and no path is told', async () => {
  const folder = await temporaryFolder();
  const { url, log } = await serveForTest(await writeMnistCheckpoint(folder, 'three', 3));
  await rm(join(folder, 'three'), { recursive: true });
  for (const path of ['/model/parameters', '/model/onnx']) {
    const { status, body } = await ask(url + path);
    expect([status, body['code']]).toEqual([409, 'CONFLICT']);
    expect(JSON.stringify(body)).not.toContain(folder);
  }
  expect(log.join()).toContain(folder);
});

it('serve is a function of the library', async () => {
  const checkpoint = await writeMnistCheckpoint(await temporaryFolder(), 'three', 3);
  const server = await serve(checkpoint, { port: 0, threads: 1, device: 'cpu', drift: false });
  expect((await ask(`${server.url}/v2/health/ready`)).body).toEqual({ ready: true });
  await server.stop();
  await expect(fetch(server.url)).rejects.toThrow();
});
