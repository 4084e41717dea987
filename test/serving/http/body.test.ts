import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { bmpFile } from '../../support/bmp.js';
import { pngOf } from '../../support/pictures.js';
import {
  ask,
  inferenceRequest,
  preparedMnist,
  serveForTest,
  writeMnistCheckpoint,
  type Answer,
} from '../../support/serving.js';

let folder: string;
let checkpoint: string;
let pixels: Uint8Array;
let png: Buffer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mnist-train-test-body-'));
  checkpoint = await writeMnistCheckpoint(folder, 'three', 3);
  pixels = new Uint8Array((await preparedMnist()).test.pixels.subarray(0, 784));
  png = await pngOf(pixels);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function post(url: string, body: Buffer, headers: Record<string, string>): Promise<Answer> {
  return ask(url, { method: 'POST', body: new Uint8Array(body), headers });
}

it('POST /classify takes every format that an import takes, and says which', async () => {
  const { url } = await serveForTest(checkpoint);
  const grey = (x: number, y: number): number[] => Array<number>(3).fill(pixels[28 * y + x]!);
  for (const file of [
    bmpFile(28, 28, 24, grey),
    await sharp(png).gif().toBuffer(),
    await sharp(png).tiff().toBuffer(),
  ]) {
    const { status, body } = await post(`${url}/classify`, file, {
      'content-type': 'application/octet-stream',
    });
    expect([status, body['label']]).toEqual([200, '3']);
  }
  const unknown = await post(`${url}/classify`, Buffer.from('<svg/>'), { 'content-type': 'image/svg+xml' });
  expect(unknown).toMatchObject({
    status: 415,
    body: { error: expect.stringMatching(/PNG.*BMP.*AVIF/) as string },
  });
});

describe('a compressed body', () => {
  it('is unpacked', async () => {
    const { url } = await serveForTest(checkpoint);
    const json = Buffer.from(JSON.stringify(inferenceRequest(pixels, 1)));
    for (const [coding, pack] of [
      ['gzip', gzipSync],
      ['deflate', deflateSync],
      ['br', brotliCompressSync],
      ['GZIP', gzipSync],
    ] as const) {
      const headers = { 'content-encoding': coding };
      const inferred = await post(`${url}/v2/models/mnist/infer`, pack(json), {
        ...headers,
        'content-type': 'application/json',
      });
      const classified = await post(`${url}/classify`, pack(png), {
        ...headers,
        'content-type': 'image/png',
      });
      expect([coding, inferred.status, classified.status]).toEqual([coding, 200, 200]);
    }
  });

  it('is cut off at the limit, and refused where it is damaged or of an unknown kind', async () => {
    const { url } = await serveForTest(checkpoint, { bodyLimit: 1 });
    const bomb = gzipSync(Buffer.alloc(64 * 2 ** 20));
    const cases: [what: string, body: Buffer, coding: string, status: number][] = [
      ['a bomb', bomb, 'gzip', 413],
      ['no gzip', png, 'gzip', 400],
      ['half of it', gzipSync(png).subarray(0, 50), 'gzip', 400],
      ['an unknown coding', png, 'zstd', 415],
      ['two codings', gzipSync(gzipSync(png)), 'gzip, gzip', 415],
      ['a name of every object', png, 'constructor', 415],
    ];
    for (const [what, body, coding, status] of cases) {
      const headers = { 'content-type': 'image/png', 'content-encoding': coding };
      const answer = await post(`${url}/classify`, body, headers);
      expect([what, answer.status]).toEqual([what, status]);
      expect(answer.headers.has('accept-encoding')).toBe(status === 415);
    }
    expect((await fetch(`${url}/v2/health/live`)).status).toBe(200);
  });
});

describe('a form', () => {
  const formOf = (...files: Buffer[]): FormData => {
    const form = new FormData();
    form.append('note', 'ignored');
    files.forEach((file, index) => {
      form.append(`file${index}`, new Blob([new Uint8Array(file)], { type: 'image/png' }), 'digit.png');
    });
    return form;
  };

  it('with one file is classified', async () => {
    const { url } = await serveForTest(checkpoint);
    const answer = await ask(`${url}/classify`, { method: 'POST', body: formOf(png) });
    expect(answer).toMatchObject({ status: 200, body: { label: '3' } });
  });

  it('with another number of files, damaged or too large is refused', async () => {
    const { url } = await serveForTest(checkpoint, { bodyLimit: 0.1 });
    const many = new FormData();
    for (let index = 0; index < 500; index++) many.append(`f${index}`, 'x');
    for (const [body, status] of [
      [formOf(), 400],
      [formOf(png, png), 400],
      [formOf(Buffer.from('no image')), 415],
      [formOf(Buffer.alloc(200_000)), 413],
      [many, 400],
    ] as const) {
      expect((await ask(`${url}/classify`, { method: 'POST', body })).status).toBe(status);
    }
    for (const type of ['multipart/form-data', 'multipart/form-data; boundary=x']) {
      expect((await post(`${url}/classify`, png, { 'content-type': type })).status).toBe(400);
    }
  });
});

it('a picture of too many pixels is refused by its header', async () => {
  const { url } = await serveForTest(checkpoint, { maxPixels: 700 });
  const answer = await post(`${url}/classify`, png, { 'content-type': 'image/png' });
  expect(answer).toMatchObject({
    status: 422,
    body: { error: expect.stringContaining('more than 700 pixels') as string },
  });
});

it('what is no datatype is none, whatever objects have by that name', async () => {
  const { url } = await serveForTest(checkpoint);
  for (const datatype of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
    const inputs = [{ name: 'images', datatype, shape: [1, 784], data: Array<number>(784).fill(0) }];
    const json = Buffer.from(JSON.stringify({ inputs }));
    const answer = await post(`${url}/v2/models/mnist/infer`, json, { 'content-type': 'application/json' });
    expect([datatype, answer.status]).toEqual([datatype, 400]);
  }
  // An own property of that name is no prototype.
  const request = JSON.stringify(inferenceRequest(pixels, 1)).replace(
    '{',
    '{"parameters":{"__proto__":{"timeout":"never"}},',
  );
  const headers = { 'content-type': 'application/json' };
  expect((await post(`${url}/v2/models/mnist/infer`, Buffer.from(request), headers)).status).toBe(200);
});

it('bodies of other routes are short', async () => {
  const { url } = await serveForTest(checkpoint);
  const long = Buffer.alloc(100_000, ' ');
  for (const path of ['/feedback', '/v2/repository/index', '/nothing']) {
    const answer = await post(url + path, long, { 'content-type': 'application/json' });
    expect([path, answer.status]).toEqual([path, 413]);
  }
});
