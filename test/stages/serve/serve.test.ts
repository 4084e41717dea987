import { chmod, copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { AuditLog } from '../../../src/artifacts/audit.js';
import { readCheckpoint } from '../../../src/artifacts/checkpoint.js';
import { placeOnDevice } from '../../../src/engine/running/device-images.js';
import { inferenceProgram } from '../../../src/engine/running/prepare.js';
import { createToken, revokeToken } from '../../../src/serving/security/token-file.js';
import { loadModel } from '../../../src/models/load-model.js';
import { temporaryFolder } from '../../support/folders.js';
import { toolkitError } from '../../support/errors.js';
import { pngOf } from '../../support/pictures.js';
import {
  ask,
  askJson,
  inferenceRequest,
  preparedMnist,
  serveForTest,
  writeMnistCheckpoint,
} from '../../support/serving.js';

let folder: string;
let checkpoint: string;
let pixels: Uint8Array;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mnist-train-test-serve-'));
  checkpoint = await writeMnistCheckpoint(folder, 'three', 3);
  pixels = new Uint8Array((await preparedMnist()).test.pixels.subarray(0, 100 * 784));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** The logits that the engine gives for the first test images. */
async function expectedLogits(count: number): Promise<Float32Array> {
  const loaded = await readCheckpoint(checkpoint);
  const { model, variables } = loadModel(loaded);
  const { test: images } = await preparedMnist();
  const placed = placeOnDevice(images, loaded.description.preprocessing);
  const program = inferenceProgram((batch) => model.apply(batch, variables.values()), placed, 10, 'eager');
  const indices = Int32Array.from({ length: count }, (_, index) => index);
  const logits = await program.run(indices, new AbortController().signal);
  program.dispose();
  placed.dispose();
  variables.dispose();
  return logits;
}

interface Output {
  name: string;
  shape: number[];
  data: number[];
}

describe('the Open Inference Protocol', () => {
  it('tells health and metadata', async () => {
    const { url } = await serveForTest(checkpoint);
    expect(await ask(`${url}/v2/health/live`)).toMatchObject({ status: 200, body: { live: true } });
    expect(await ask(`${url}/v2/health/ready`)).toMatchObject({ status: 200, body: { ready: true } });
    expect((await ask(`${url}/v2`)).body).toMatchObject({
      name: 'mnist-train',
      extensions: expect.arrayContaining(['binary_tensor_data']) as unknown,
    });
    const { body } = await ask(`${url}/v2/models/mnist`);
    expect(body).toMatchObject({
      inputs: [{ name: 'images', datatype: 'UINT8', shape: [-1, 28, 28, 1] }],
      outputs: ['probabilities', 'logits', 'class', 'abstained', 'reason'].map((name) => ({ name })),
    });
    const [version] = body['versions'] as string[];
    expect((await ask(`${url}/v2/models/mnist/versions/${version!}/ready`)).body).toMatchObject({
      ready: true,
    });
    expect((await ask(`${url}/v2/models/mnist/versions/7`)).status).toBe(404);
    expect((await ask(`${url}/v2/models/other`)).status).toBe(404);
  });

  it.each(['auto', 'eager'])(
    'infers from JSON what the engine (%s) computes, alone and in batches larger than one',
    async (engine) => {
      const { url } = await serveForTest(checkpoint, { maxBatch: 16, engine });
      const logits = await expectedLogits(100);
      for (const count of [1, 3, 16, 100]) {
        const request = inferenceRequest(pixels.subarray(0, count * 784), count);
        const { body } = await askJson(`${url}/v2/models/mnist/infer`, { id: 'mine', ...request });
        expect(body).toMatchObject({ id: 'mine', model_name: 'mnist' });
        const outputs = new Map((body['outputs'] as Output[]).map((output) => [output.name, output]));
        expect(outputs.get('logits')!.shape).toEqual([count, 10]);
        const found = outputs.get('logits')!.data;
        found.forEach((logit, index) => {
          expect(logit).toBeCloseTo(logits[index]!, 4);
        });
        const sum = outputs.get('probabilities')!.data.reduce((total, value) => total + value, 0);
        expect(sum).toBeCloseTo(count, 4);
        expect(outputs.get('class')!.data).toEqual(Array<number>(count).fill(3));
      }
    },
  );

  it('takes and gives binary tensors', async () => {
    const { url } = await serveForTest(checkpoint);
    const header = Buffer.from(
      JSON.stringify({
        inputs: [
          {
            name: 'images',
            datatype: 'UINT8',
            shape: [2, 28, 28, 1],
            parameters: { binary_data_size: 1568 },
          },
        ],
        outputs: [{ name: 'logits', parameters: { binary_data: true } }, { name: 'class' }],
      }),
    );
    const response = await fetch(`${url}/v2/models/mnist/infer`, {
      method: 'POST',
      headers: {
        'content-type': 'application/octet-stream',
        'inference-header-content-length': String(header.length),
      },
      body: Buffer.concat([header, pixels.subarray(0, 1568)]),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const length = Number(response.headers.get('inference-header-content-length'));
    const { outputs } = JSON.parse(bytes.toString('utf8', 0, length)) as { outputs: Output[] };
    expect(outputs).toMatchObject([
      { name: 'logits', parameters: { binary_data_size: 80 } },
      { name: 'class', data: [3, 3] },
    ]);
    const logits = new Float32Array(bytes.buffer.slice(bytes.byteOffset + length));
    const expected = await expectedLogits(2);
    logits.forEach((logit, index) => {
      expect(logit).toBeCloseTo(expected[index]!, 4);
    });
  });

  it('refuses what is malformed or too large with a JSON error', async () => {
    const cases: [what: string, body: unknown, status: number][] = [
      ['no JSON', '{', 400],
      ['no inputs', '{}', 400],
      ['another input', { inputs: [{ name: 'x', datatype: 'UINT8', shape: [1, 784], data: [] }] }, 400],
      [
        'too few values',
        { inputs: [{ name: 'images', datatype: 'UINT8', shape: [1, 784], data: [1] }] },
        400,
      ],
      [
        'a wrong shape',
        { inputs: [{ name: 'images', datatype: 'UINT8', shape: [1, 27, 28, 1], data: [] }] },
        400,
      ],
      ['no images', { inputs: [{ name: 'images', datatype: 'UINT8', shape: [0, 784], data: [] }] }, 400],
      [
        'an unknown datatype',
        { inputs: [{ name: 'images', datatype: 'BYTES', shape: [1, 784], data: [] }] },
        400,
      ],
      ['an unknown output', { ...inferenceRequest(new Uint8Array(784), 1), outputs: [{ name: 'x' }] }, 400],
      ['more values claimed than any memory holds', inferenceRequestFor([1e9, 784]), 400],
      ['a value too large', inferenceRequestOf(256), 400],
      ['a value that is no number', inferenceRequestOf('7'), 400],
      ['deep nesting', inferenceRequestOf(nested(1000)), 400],
      ['more than can wait', inferenceRequest(new Uint8Array(784 * 5), 5), 413],
      ['a body too large', `"${'x'.repeat(60_000)}"`, 413],
    ];
    const { url } = await serveForTest(checkpoint, { maxQueue: 4, maxBatch: 4, bodyLimit: 0.05 });
    for (const [what, body, status] of cases) {
      const answer = await ask(`${url}/v2/models/mnist/infer`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
      expect([what, answer.status]).toEqual([what, status]);
      expect(answer.body).toMatchObject({
        error: expect.any(String) as unknown,
        code: expect.any(String) as unknown,
      });
    }
  });
});

function inferenceRequestFor(shape: number[]): object {
  return { inputs: [{ name: 'images', datatype: 'UINT8', shape, data: [0] }] };
}

function inferenceRequestOf(value: unknown): object {
  const data = [...Array<unknown>(783).fill(0), value];
  return { inputs: [{ name: 'images', datatype: 'UINT8', shape: [1, 784], data }] };
}

function nested(depth: number): unknown {
  return depth === 0 ? 1 : [nested(depth - 1)];
}

describe('POST /classify', () => {
  it('classifies an image file', async () => {
    const { url } = await serveForTest(checkpoint);
    const image = await pngOf(pixels.subarray(0, 784));
    const { status, body, headers } = await ask(`${url}/classify`, {
      method: 'POST',
      body: new Uint8Array(image),
      headers: { 'content-type': 'image/png' },
    });
    expect({ status, body }).toMatchObject({ status: 200, body: { class: 3, label: '3', model: 'mnist' } });
    expect(body['id']).toBe(headers.get('x-request-id'));
  });

  it('refuses what is no picture', async () => {
    const cases: [what: string, body: string, type: string, status: number][] = [
      ['SVG, which can point to files', '<svg xmlns="http://www.w3.org/2000/svg"/>', 'image/svg+xml', 415],
      ['a broken PNG', '\x89PNG\r\n\x1a\nxxxx', 'image/png', 422],
      ['an address', 'file:///etc/passwd', 'text/plain', 415],
    ];
    const { url } = await serveForTest(checkpoint);
    for (const [what, body, type, status] of cases) {
      const answer = await ask(`${url}/classify`, {
        method: 'POST',
        headers: { 'content-type': type },
        body: new Uint8Array(Buffer.from(body, 'latin1')),
      });
      expect([what, answer.status]).toEqual([what, status]);
      expect(answer.body).toMatchObject({ code: expect.any(String) as unknown });
    }
  });
});

describe('tokens', () => {
  const tokensIn = async (): Promise<{ file: string; tokens: Record<string, string> }> => {
    const file = join(await temporaryFolder(), 'tokens.json');
    const tokens: Record<string, string> = {};
    for (const role of ['infer', 'operate', 'administer'] as const) {
      tokens[role] = (await createToken(file, { name: role, role, days: undefined })).token;
    }
    return { file, tokens };
  };
  const bearer = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });

  it('every route but health needs one', async () => {
    const { file } = await tokensIn();
    const { url } = await serveForTest(checkpoint, { requireTokens: true, tokensFile: file });
    const open = await serveForTest(checkpoint);
    const { body } = await ask(`${open.url}/docs/json`);
    const paths = body['paths'] as Record<string, Record<string, unknown>>;
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => [method.toUpperCase(), path.replaceAll(/\{\w+\}/g, 'x')] as const),
    );
    expect(routes.length).toBeGreaterThan(12);
    const others = [
      ['GET', '/'],
      ['GET', '/docs'],
      ['GET', '/docs/main.js'],
      ['GET', '/docs/yaml'],
      ['GET', '/nothing'],
    ] as const;
    for (const [method, path] of [...routes, ...others]) {
      const isHealth = path.startsWith('/v2/health/');
      for (const headers of [{}, { authorization: 'Bearer mnist_0' }, { authorization: 'Basic eDp5' }]) {
        const { status } = await fetch(`${url}${path}`, { method, headers, redirect: 'manual' });
        expect([path, status]).toEqual([path, isHealth ? 200 : 401]);
      }
    }
  });

  it('a role allows what it says, and a wrong secret or a revoked token nothing', async () => {
    const { file, tokens } = await tokensIn();
    const { url } = await serveForTest(checkpoint, { requireTokens: true, tokensFile: file });
    const statusOf = async (role: string, path: string, method = 'GET'): Promise<number> =>
      (await fetch(`${url}${path}`, { ...bearer(tokens[role]!), method })).status;
    expect(await statusOf('infer', '/v2')).toBe(200);
    expect(await statusOf('infer', '/metrics')).toBe(403);
    expect(await statusOf('operate', '/metrics')).toBe(200);
    expect(await statusOf('operate', '/v2/repository/models/mnist/load', 'POST')).toBe(403);
    const wrong = `${tokens['infer']!.slice(0, -1)}${tokens['infer']!.endsWith('A') ? 'B' : 'A'}`;
    expect((await fetch(`${url}/v2`, bearer(wrong))).status).toBe(401);
    const password = Buffer.from(`me:${tokens['infer']!}`).toString('base64');
    expect((await fetch(`${url}/v2`, { headers: { authorization: `Basic ${password}` } })).status).toBe(200);
    await revokeToken(file, tokens['infer']!.split('_')[1]!);
    await expect.poll(() => statusOf('infer', '/v2'), { timeout: 5000 }).toBe(401);
    expect(await statusOf('operate', '/v2')).toBe(200);
  });

  it('they are needed where other machines can come', async () => {
    const tokensFile = join(await temporaryFolder(), 'none.json');
    await toolkitError('TOKENS_MISSING', serveForTest(checkpoint, { host: '0.0.0.0', tokensFile }));
  });

  it('what an administrator does is in the audit log', async () => {
    const { file, tokens } = await tokensIn();
    const registryDir = await temporaryFolder();
    const { url } = await serveForTest(checkpoint, { requireTokens: true, tokensFile: file, registryDir });
    const authorization = `Bearer ${tokens['administer']!}`;
    const { body } = await askJson(
      `${url}/traffic`,
      { canary: 25 },
      { method: 'PUT', headers: { authorization } },
    );
    expect(body).toEqual({ canary: 25, shadow: false });
    const [record] = await new AuditLog(join(registryDir, 'audit.jsonl')).read();
    expect(record).toMatchObject({
      actor: `token ${tokens['administer']!.split('_')[1]!}`,
      action: 'serve traffic',
      details: { canary: 25, address: '127.0.0.1' },
    });
  });

  it('a file that others can read or change is refused; so is a private key that others can change', async () => {
    const { file } = await tokensIn();
    await chmod(file, 0o604);
    const options = { requireTokens: true, tokensFile: file };
    await toolkitError('SECRET_EXPOSED', serveForTest(checkpoint, options));
    const key = join(await temporaryFolder(), 'key.pem');
    await writeFile(key, 'a key');
    await chmod(key, 0o622);
    await toolkitError('SECRET_EXPOSED', serveForTest(checkpoint, { tlsCert: checkpoint, tlsKey: key }));
  });

  it('a flood with one token keeps out neither another one nor those who have none', async () => {
    const { file, tokens } = await tokensIn();
    const { url } = await serveForTest(checkpoint, { requireTokens: true, tokensFile: file, rateLimit: 20 });
    const flood = async (init: RequestInit): Promise<Set<number>> =>
      new Set(
        await Promise.all(Array.from({ length: 60 }, async () => (await fetch(`${url}/v2`, init)).status)),
      );
    const wrong = bearer(`${tokens['operate']!.slice(0, -43)}${'A'.repeat(43)}`);
    expect(await flood(bearer(tokens['infer']!))).toEqual(new Set([200, 429]));
    expect(await flood(wrong)).toEqual(new Set([401, 429]));
    expect((await fetch(`${url}/v2`, bearer(tokens['operate']!))).status).toBe(200);
  });

  it('refused requests are in the log, with the token’s id and the address, and never with a secret', async () => {
    const { file, tokens } = await tokensIn();
    const { url, log } = await serveForTest(checkpoint, { requireTokens: true, tokensFile: file });
    const { infer, operate } = tokens as Record<'infer' | 'operate', string>;
    const wrong = `${operate.slice(0, -1)}${operate.endsWith('A') ? 'B' : 'A'}`;
    const headers = { 'x-request-id': infer };
    await fetch(`${url}/v2`, bearer(wrong));
    await fetch(`${url}/metrics`, bearer(infer));
    await fetch(`${url}/v2?token=${infer}`, { headers: { ...headers, authorization: `Basic ${infer}` } });
    await fetch(`${url}/v2`, bearer(infer));
    await expect.poll(() => log).toHaveLength(3);
    const [idOf, remoteAddress] = [(token: string): string => token.split('_')[1]!, '127.0.0.1'];
    expect(log.map((line) => JSON.parse(line) as object)).toMatchObject([
      { level: 40, url: '/v2', status: 401, remoteAddress, claimedToken: idOf(operate) },
      { level: 40, url: '/metrics', status: 403, remoteAddress, token: idOf(infer) },
      { level: 40, url: `/v2?token=mnist_${idOf(infer)}_…`, status: 401, remoteAddress },
    ]);
    const text = log.join('');
    for (const token of [infer, operate, wrong]) expect(text).not.toContain(token.slice(-43));
  });

  it('a flood of refused requests does not fill the log', async () => {
    const { file } = await tokensIn();
    const { url, log } = await serveForTest(checkpoint, { requireTokens: true, tokensFile: file });
    const began = performance.now();
    for (let round = 0; round < 10; round++) {
      await Promise.all(Array.from({ length: 40 }, () => fetch(`${url}/v2`)));
    }
    const seconds = Math.ceil((performance.now() - began) / 1000) + 1;
    expect(log.length).toBeGreaterThanOrEqual(10);
    // Ten lines in each second, and one that says how many there are not.
    expect(log.length).toBeLessThanOrEqual(Math.min(399, 11 * seconds));
  });

  it('a caller labels his own predictions only, and the record names him', async () => {
    const { file, tokens } = await tokensIn();
    const feedbackDir = await temporaryFolder();
    const { url } = await serveForTest(checkpoint, { requireTokens: true, tokensFile: file, feedbackDir });
    const send = (role: string, path: string, body: object, headers = {}): ReturnType<typeof askJson> =>
      askJson(`${url}${path}`, body, { headers: { authorization: `Bearer ${tokens[role]!}`, ...headers } });
    const image = inferenceRequest(pixels.subarray(0, 784), 1);
    // Both under one id, as clients may choose it.
    const id = 'the-same';
    for (const role of ['infer', 'administer']) {
      expect((await send(role, '/v2/models/mnist/infer', image, { 'x-request-id': id })).status).toBe(200);
    }
    const label = { id, label: 4 };
    expect((await send('operate', '/feedback', label)).status).toBe(404);
    expect((await send('infer', '/feedback', label)).status).toBe(200);
    expect((await send('infer', '/feedback', label)).status).toBe(404);
    expect((await send('administer', '/feedback', { id, label: 5 })).status).toBe(200);
    const lines = (await readFile(join(feedbackDir, 'feedback.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { caller: `token ${tokens['infer']!.split('_')[1]!}`, label: 4 },
      { caller: `token ${tokens['administer']!.split('_')[1]!}`, label: 5 },
    ]);
  });
});

describe('without tokens', () => {
  it('pages of other sites, and other names for this machine, are refused', async () => {
    const { url } = await serveForTest(checkpoint);
    const crossSite = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' };
    // fetch would set these headers itself.
    const { request } = await import('node:http');
    const statusWith = (headers: Record<string, string>): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        request(`${url}/v2`, { headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .on('error', reject)
          .end();
      });
    expect(await statusWith(crossSite)).toBe(403);
    expect(await statusWith({ host: 'evil.example' })).toBe(403);
    expect(await statusWith({ host: 'localhost:1' })).toBe(200);
  });
});

describe('a new version', () => {
  it('takes over while requests come, and none of them fails', async () => {
    const path = join(await temporaryFolder(), 'model.safetensors');
    await copyFile(checkpoint, path);
    const other = await writeMnistCheckpoint(folder, 'five', 5);
    const { url, refresh } = await serveForTest(path, { reloadInterval: 3600 });
    const seen = new Set<string>();
    let isOver = false;
    const client = async (): Promise<void> => {
      while (!isOver) {
        const request = inferenceRequest(pixels.subarray(0, 2 * 784), 2);
        const { status, body } = await askJson(`${url}/v2/models/mnist/infer`, request);
        expect(status).toBe(200);
        const classes = (body['outputs'] as Output[]).find(({ name }) => name === 'class')!.data;
        seen.add(`${String(body['model_version'])}: ${classes.join()}`);
      }
    };
    const clients = Promise.all([client(), client(), client()]);
    for (const next of [other, checkpoint, other]) {
      await copyFile(next, path);
      await refresh();
    }
    isOver = true;
    await clients;
    const answers = [...seen].map((answer) => answer.split(': ')[1]);
    expect(seen.size).toBe(2);
    expect(answers.sort()).toEqual(['3,3', '5,5']);
  });

  it('that is corrupt is refused, and the old one keeps serving', async () => {
    const path = join(await temporaryFolder(), 'model.safetensors');
    await copyFile(checkpoint, path);
    const { url, refresh, events } = await serveForTest(path, { reloadInterval: 3600 });
    const before = (await ask(`${url}/v2/models/mnist`)).body['versions'];
    const bytes = await readFile(path);
    bytes[bytes.length - 5]! ^= 1;
    await writeFile(path, bytes);
    await refresh();
    expect(events).toContainEqual(expect.objectContaining({ event: 'warning', code: 'CHECKPOINT_CORRUPT' }));
    expect((await ask(`${url}/v2/models/mnist`)).body['versions']).toEqual(before);
    expect((await ask(`${url}/v2/health/ready`)).status).toBe(200);
  });
});

describe('watching', () => {
  it('labels become live accuracy and an alert, and are kept for training', async () => {
    const feedbackDir = await temporaryFolder();
    const { url } = await serveForTest(checkpoint, { feedbackDir, minLiveAccuracy: 0.9 });
    for (let image = 0; image < 20; image++) {
      const { headers } = await askJson(
        `${url}/v2/models/mnist/infer`,
        inferenceRequest(pixels.subarray(0, 784), 1),
      );
      const label = image < 15 ? '3' : 4;
      const { body } = await askJson(`${url}/feedback`, { id: headers.get('x-request-id'), label });
      expect(body).toMatchObject({ predicted: '3', correct: image < 15 });
      const again = await askJson(`${url}/feedback`, { id: headers.get('x-request-id'), label });
      expect(again.status).toBe(404);
    }
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/^mnist_live_accuracy\{model="mnist",version="[0-9a-f]{12}"\} 0.75$/m);
    expect(metrics).toMatch(/^mnist_alert\{model="mnist",kind="accuracy",subject="[0-9a-f]{12}"\} 1$/m);
    const lines = (await readFile(join(feedbackDir, 'feedback.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(lines).toHaveLength(20);
    const last = JSON.parse(lines[19]!) as Record<string, string>;
    expect(last).toMatchObject({ label: 4, labelName: '4', predicted: 3 });
    expect(new Uint8Array(Buffer.from(last['image']!, 'base64'))).toEqual(pixels.slice(0, 784));
  });

  it('feedback is bounded in size and rate; what was refused can be sent again', async () => {
    const feedbackDir = await temporaryFolder();
    const path = join(feedbackDir, 'feedback.jsonl');
    const { url, events } = await serveForTest(checkpoint, {
      feedbackDir,
      maxFeedback: 0.01,
      feedbackRate: 1000,
    });
    const classified = await askJson(
      `${url}/v2/models/mnist/infer`,
      inferenceRequest(pixels.subarray(0, 16 * 784), 16),
    );
    const id = classified.headers.get('x-request-id');
    const label = (index: number): ReturnType<typeof askJson> =>
      askJson(`${url}/feedback`, { id, index, label: 3 });
    const statuses = [];
    for (let index = 0; index < 16; index++) statuses.push((await label(index)).status);
    expect(new Set(statuses)).toEqual(new Set([200, 507]));
    const { size } = await stat(path);
    expect(size).toBeLessThanOrEqual(0.01 * 2 ** 20);
    expect((await label(15)).body).toMatchObject({ code: 'FEEDBACK_FULL' });
    expect(events.filter((event) => 'code' in event && event.code === 'FEEDBACK_FULL')).toHaveLength(1);
    await rm(path);
    expect((await label(15)).status).toBe(200);
    const slow = await serveForTest(checkpoint, { feedbackRate: 5 });
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => askJson(`${slow.url}/feedback`, { id: 'none', label: 3 })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404, 429]));
  });

  it('test images have not drifted in their looks; inverted ones have', async () => {
    const { url, events } = await serveForTest(checkpoint, { drift: true, window: 400 });
    const { test: images } = await preparedMnist();
    const send = async (pixels: Uint8Array): Promise<void> => {
      for (let start = 0; start < 400; start += 16) {
        const part = pixels.subarray(start * 784, (start + 16) * 784);
        await askJson(`${url}/v2/models/mnist/infer`, inferenceRequest(part, 16));
      }
    };
    const drift = async (): Promise<Map<string, boolean>> => {
      const { drift: found } = (await ask(`${url}/status`)).body as {
        drift: { feature: string; alert: boolean }[];
      };
      return new Map(found.map(({ feature, alert }) => [feature, alert]));
    };
    await expect
      .poll(
        async () => {
          await send(images.pixels.slice(0, 400 * 784));
          return (await drift()).size;
        },
        { timeout: 30_000 },
      )
      .toBeGreaterThan(5);
    expect(events.filter(({ event }) => event === 'notice')).toEqual([]);
    expect((await drift()).get('brightness')).toBe(false);
    expect((await drift()).get('centre_x')).toBe(false);
    await send(images.pixels.slice(0, 400 * 784).map((pixel) => 255 - pixel));
    expect((await drift()).get('brightness')).toBe(true);
    expect((await drift()).get('ink')).toBe(true);
  });
});

it('the log has a line for each request, with its id, where it is asked for', async () => {
  const quiet = await serveForTest(checkpoint);
  await fetch(`${quiet.url}/v2`);
  expect(quiet.log).toEqual([]);
  const { url, log } = await serveForTest(checkpoint, { logLevel: 'info' });
  const { headers } = await ask(`${url}/v2`, { headers: { 'x-request-id': 'abc-1' } });
  expect(headers.get('x-request-id')).toBe('abc-1');
  await expect
    .poll(() => log.map((line) => JSON.parse(line) as object))
    .toContainEqual(expect.objectContaining({ reqId: 'abc-1', url: '/v2', status: 200 }));
});

it('a rate limit answers with 429 and says when to come again', async () => {
  const { url } = await serveForTest(checkpoint, { rateLimit: 3 });
  const answers = await Promise.all(Array.from({ length: 30 }, () => ask(`${url}/v2`)));
  const refused = answers.filter(({ status }) => status === 429);
  expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(3);
  expect(refused.length).toBeGreaterThan(0);
  for (const { body, headers } of refused) {
    expect(body).toMatchObject({ code: 'RATE_LIMITED', request_id: headers.get('x-request-id') });
    expect(headers.get('retry-after')).toBe('1');
    expect([...headers.keys()].filter((name) => name.startsWith('x-ratelimit'))).toEqual([]);
  }
  expect((await fetch(`${url}/v2/health/live`)).status).toBe(200);
  const metrics = async (): Promise<Response> => fetch(`${url}/metrics`);
  await expect.poll(async () => (await metrics()).status).toBe(200);
});

it('a rate limit holds for wrong tokens too, and for addresses that do not exist', async () => {
  const tokensFile = join(await temporaryFolder(), 'tokens.json');
  await createToken(tokensFile, { name: 'me', role: 'infer', days: undefined });
  const { url } = await serveForTest(checkpoint, { requireTokens: true, tokensFile, rateLimit: 2 });
  const statuses = await Promise.all(
    Array.from({ length: 30 }, async () => (await fetch(`${url}/nothing`)).status),
  );
  expect(new Set(statuses)).toEqual(new Set([401, 429]));
});

it('every answer has the security headers, errors too', async () => {
  const { url } = await serveForTest(checkpoint);
  for (const [path, status] of [
    ['/v2', 200],
    ['/nothing', 404],
    ['/', 200],
  ] as const) {
    const answer = await fetch(`${url}${path}`);
    expect(answer.status).toBe(status);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-security-policy': expect.stringMatching(
        /^default-src 'none';.*frame-ancestors 'none'$/,
      ) as string,
      'cross-origin-embedder-policy': 'require-corp',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
    });
    // Only over HTTPS.
    expect(answer.headers.has('strict-transport-security')).toBe(false);
  }
});

it('an address that is taken is an error that names it', async () => {
  const blocker = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => blocker.once('listening', resolve));
  const { port } = blocker.address() as { port: number };
  const error = await toolkitError('ADDRESS_UNAVAILABLE', serveForTest(checkpoint, { port }));
  expect(error.message).toContain(String(port));
  blocker.close();
});

it('a stopping server answers what has begun, and is no longer ready', async () => {
  const server = await serveForTest(checkpoint, { batchDelay: 300 });
  const answer = askJson(`${server.url}/v2/models/mnist/infer`, inferenceRequest(pixels.subarray(0, 784), 1));
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await server.stop()).toEqual({ cutOff: 0 });
  const { status, headers } = await answer;
  expect([status, headers.get('connection')]).toEqual([200, 'close']);
  await expect(fetch(`${server.url}/v2/health/live`)).rejects.toThrow();
});

it('the documentation page needs nothing from elsewhere', async () => {
  const { url } = await serveForTest(checkpoint);
  const response = await fetch(`${url}/docs`);
  expect(response.headers.get('content-security-policy')).not.toMatch(/https?:/);
  const page = await response.text();
  expect(page).not.toMatch(/(src|href)="(https?:)?\/\//);
  const scripts = [...page.matchAll(/src="([^"]+)"/g)].map(([, path]) => path!);
  for (const path of scripts) {
    const script = await fetch(new URL(path, response.url));
    expect([script.status, (await script.text()) === '']).toEqual([200, false]);
  }
});

describe('options that a server could not honour', () => {
  it.each([
    ['canary', 10],
    ['shadow', true],
  ])('%s is refused for a checkpoint, which has no candidate', async (option, value) => {
    const { message } = await toolkitError('USAGE', serveForTest(checkpoint, { [option]: value }));
    expect(message).toContain(`--${option} needs a candidate`);
  });

  it('a file of tokens where none are required is a warning', async () => {
    const warned = async (options: Record<string, unknown>): Promise<number> => {
      const { events } = await serveForTest(checkpoint, options);
      return events.filter((event) => event.event === 'warning' && event.code === 'OPTION_WITHOUT_EFFECT')
        .length;
    };
    expect([await warned({ tokensFile: 'mine.json' }), await warned({})]).toEqual([1, 0]);
  });
});
