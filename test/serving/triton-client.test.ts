import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';

import {
  preparedMnist,
  serveForTest,
  writeMnistCheckpoint,
  ask,
  askJson,
  inferenceRequest,
} from '../support/serving.js';

const run = promisify(execFile);

/** A Python that has the package `tritonclient[http]`: MNIST_TEST_PYTHON, or the one on the path. */
const PYTHON = process.env['MNIST_TEST_PYTHON'] ?? 'python3';
const hasClient = await run(PYTHON, ['-c', 'import tritonclient.http']).then(
  () => true,
  () => false,
);

interface Answer {
  id: string;
  logits: number[][];
  class: number[];
}

interface Found {
  answers: { binary: Answer; json: Answer };
  probabilities: number[];
}

it.skipIf(!hasClient)(
  'the protocol’s own Python client gets health, metadata and inference right',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mnist-train-test-triton-'));
    const checkpoint = await writeMnistCheckpoint(folder, 'four', 4);
    const { url } = await serveForTest(checkpoint);
    const pixels = (await preparedMnist()).test.pixels.slice(0, 3 * 784);
    const program = fileURLToPath(new URL('triton_client.py', import.meta.url));
    const hex = Buffer.from(pixels).toString('hex');
    const { stdout } = await run(PYTHON, [program, url.replace('http://', ''), hex]);
    const found = JSON.parse(stdout) as Found;
    expect(found).toMatchObject({
      live: true,
      ready: true,
      modelReady: true,
      otherReady: false,
      server: (await ask(`${url}/v2`)).body,
      model: (await ask(`${url}/v2/models/mnist`)).body,
    });
    const { body } = await askJson(`${url}/v2/models/mnist/infer`, inferenceRequest(pixels, 3));
    const outputs = body['outputs'] as { name: string; data: number[] }[];
    const logits = outputs.find(({ name }) => name === 'logits')!.data;
    for (const answer of [found.answers.binary, found.answers.json]) {
      expect(answer).toMatchObject({ id: 'mine', class: [4, 4, 4] });
      answer.logits.flat().forEach((logit, index) => {
        expect(logit).toBeCloseTo(logits[index]!, 4);
      });
    }
    for (const sum of found.probabilities) expect(sum).toBeCloseTo(1, 5);
    await rm(folder, { recursive: true, force: true });
  },
);
