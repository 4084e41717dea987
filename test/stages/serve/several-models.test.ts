import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { readCheckpoint, writeCheckpoint } from '../../../src/artifacts/checkpoint.js';
import { createToken, type TokenChoices } from '../../../src/serving/security/token-file.js';
import { softmaxRows } from '../../../src/evaluation/probabilities.js';
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

/** Compiles fewer batch sizes. */
const SMALL = { maxBatch: 4 };

let folder: string;
let three: string;
let seven: string;
let image: Uint8Array;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mnist-train-test-serve-'));
  three = await writeMnistCheckpoint(folder, 'three', 3);
  seven = await writeMnistCheckpoint(folder, 'seven', 7);
  image = new Uint8Array((await preparedMnist()).test.pixels.subarray(0, 784));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

interface Output {
  name: string;
  data: number[];
}

async function outputOf(url: string, model: string, name: string): Promise<number[]> {
  const { body } = await askJson(`${url}/v2/models/${model}/infer`, inferenceRequest(image, 1));
  return (body['outputs'] as Output[]).find((output) => output.name === name)!.data;
}

describe('a served checkpoint', () => {
  it('has the name of its run, or the one that it is given', async () => {
    const { url, model } = await serveForTest([three], SMALL);
    expect(model).toBe('three');
    expect((await ask(`${url}/v2/models/three`)).body).toMatchObject({ name: 'three' });
    expect((await ask(`${url}/v2/models/mnist`)).status).toBe(404);
    expect((await serveForTest([`digits.v2=${three}`], SMALL)).models).toEqual(['digits.v2']);
    expect((await serveForTest([three], { ...SMALL, name: 'mine' })).models).toEqual(['mine']);
  });
});

describe('several models in one server', () => {
  it('answer under their names, and the first where none is named', async () => {
    const { url, models, events } = await serveForTest(
      [three, `b=${seven}`, `both=${three}+${seven}`],
      SMALL,
    );
    expect(models).toEqual(['three', 'b', 'both']);
    expect(events.find(({ event }) => event === 'listening')).toMatchObject({ models });
    expect(await outputOf(url, 'three', 'class')).toEqual([3]);
    expect(await outputOf(url, 'b', 'class')).toEqual([7]);
    const index = (await askJson(`${url}/v2/repository/index`, {})).body as unknown as { name: string }[];
    expect(index.map(({ name }) => name)).toEqual(models);
    const parts = await Promise.all(['three', 'b'].map((model) => outputOf(url, model, 'logits')));
    const [first, second] = parts.map((logits) => softmaxRows(Float32Array.from(logits), 10));
    const mean = first!.map((value, at) => (value + second![at]!) / 2);
    (await outputOf(url, 'both', 'probabilities')).forEach((value, at) => {
      expect(value).toBeCloseTo(mean[at]!, 5);
    });
    const status = (await ask(`${url}/status`)).body;
    expect(status).toMatchObject({ model: 'three', models: models.map((model) => ({ model })) });
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/mnist_images_total\{model="b",version="\w+"\} 2/);
    expect(metrics).toContain('mnist_queue_images{model="both"} 0');
  });

  it('are chosen by ?model for pictures, descriptions and feedback', async () => {
    const { url } = await serveForTest([three, `b=${seven}`, `both=${three}+${seven}`], SMALL);
    const picture = await pngOf(image);
    const classify = (query: string, id: string): ReturnType<typeof ask> =>
      ask(`${url}/classify${query}`, {
        method: 'POST',
        body: new Uint8Array(picture),
        headers: { 'content-type': 'image/png', 'x-request-id': id },
      });
    expect((await classify('', 'one')).body).toMatchObject({ model: 'three', label: '3' });
    expect((await classify('?model=b', 'two')).body).toMatchObject({ model: 'b', label: '7' });
    expect((await classify('?model=c', 'three')).status).toBe(404);
    expect((await classify('?model=b&model=three', 'three')).status).toBe(400);
    const label = (body: object): ReturnType<typeof ask> => askJson(`${url}/feedback`, { label: 7, ...body });
    expect((await label({ id: 'two' })).body).toMatchObject({ predicted: '7', correct: true });
    expect((await label({ id: 'one', model: 'b' })).status).toBe(404);
    expect((await label({ id: 'one', model: 'three' })).body).toMatchObject({
      predicted: '3',
      correct: false,
    });
    expect((await ask(`${url}/model/description?model=b`)).body).toMatchObject({
      name: 'b',
      run: 'seven',
      models: ['three', 'b', 'both'],
    });
    const refused = await ask(`${url}/model/onnx?model=both`);
    expect([refused.status, refused.body['code']]).toEqual([409, 'CONFLICT']);
  });

  it('are reloaded each by itself, an ensemble with any of its members', async () => {
    const path = await writeMnistCheckpoint(folder, 'changing', 1);
    const { url, refresh } = await serveForTest([`a=${path}`, `b=${seven}`, `both=${path}+${seven}`], SMALL);
    const versions = async (): Promise<unknown[]> =>
      Promise.all(
        ['a', 'b', 'both'].map(async (name) => (await ask(`${url}/v2/models/${name}`)).body['versions']),
      );
    const before = await versions();
    const next = await readCheckpoint(await writeMnistCheckpoint(folder, 'next', 4));
    await writeCheckpoint({ ...next, path });
    await refresh();
    const after = await versions();
    expect(after.map((version, at) => JSON.stringify(version) === JSON.stringify(before[at]))).toEqual([
      false,
      true,
      false,
    ]);
    expect(await outputOf(url, 'a', 'class')).toEqual([4]);
  });

  it('are open to a token for one of them as far as that one goes', async () => {
    const tokensFile = join(folder, 'tokens.json');
    const tokenOf = async (choices: Partial<TokenChoices>): Promise<{ headers: Record<string, string> }> => {
      const all = { name: '', role: 'administer', days: undefined, ...choices } as const;
      return { headers: { authorization: `Bearer ${(await createToken(tokensFile, all)).token}` } };
    };
    const [own, all] = [await tokenOf({ models: ['three'] }), await tokenOf({})];
    const { url } = await serveForTest([three, `b=${seven}`], { ...SMALL, tokensFile, requireTokens: true });
    const put = { ...own, method: 'PUT' };
    const answers: [string, Promise<{ status: number }>][] = [
      ['the metadata', ask(`${url}/v2/models/b`, own)],
      ['a name that nobody has', ask(`${url}/v2/models/c`, own)],
      ['inference', askJson(`${url}/v2/models/b/infer`, inferenceRequest(image, 1), own)],
      ['pictures', ask(`${url}/classify?model=b`, { ...own, method: 'POST' })],
      ['the description', ask(`${url}/model/description?model=b`, own)],
      ['a description that nobody has', ask(`${url}/model/description?model=c`, own)],
      ['the weights', ask(`${url}/model/parameters?model=b`, own)],
      ['labels', askJson(`${url}/feedback`, { id: 'x', label: 1, model: 'b' }, own)],
      ['a reload', ask(`${url}/v2/repository/models/b/load`, { ...own, method: 'POST' })],
      ['traffic', askJson(`${url}/traffic`, { model: 'b', canary: 50 }, put)],
      ['the metrics of all', ask(`${url}/metrics`, own)],
    ];
    for (const [what, answer] of answers) expect([what, (await answer).status]).toEqual([what, 403]);
    expect((await ask(`${url}/model/description`, own)).body).toMatchObject({ models: ['three'] });
    const index = await askJson(`${url}/v2/repository/index`, {}, own);
    expect(index.body).toEqual([expect.objectContaining({ name: 'three' })]);
    const status = (await ask(`${url}/status`, own)).body;
    expect(status).toMatchObject({ model: 'three', models: [{ model: 'three' }] });
    expect((await askJson(`${url}/traffic`, { canary: 5 }, put)).body['error']).toBe('name the model: three');
    expect((await fetch(`${url}/metrics`, all)).status).toBe(200);
  });

  it('leave room for each other in the queue', async () => {
    const { url } = await serveForTest([three, `b=${seven}`], { ...SMALL, maxQueue: 8 });
    const of = (count: number): Record<string, unknown> =>
      inferenceRequest(new Uint8Array(count * 784), count);
    expect((await askJson(`${url}/v2/models/b/infer`, of(4))).status).toBe(200);
    expect((await askJson(`${url}/v2/models/b/infer`, of(5))).status).toBe(413);
  });
});

describe('what cannot be served', () => {
  it.each<[string[], Record<string, unknown>, RegExp]>([
    [['THREE', 'THREE'], {}, /two models are called "three"/],
    [['THREE', 'SEVEN'], { name: 'x' }, /--name is for one model/],
    [['a/b=THREE'], {}, /"a\/b" cannot be the name/],
    [['a='], {}, /names no checkpoint/],
    [['THREE+'], {}, /lacks a member/],
    [['THREE', 'SEVEN'], { maxQueue: 2 }, /leaves no room for 2 models/],
    [['a=THREE', 'b=SEVEN'], { shadow: true }, /--shadow needs a candidate/],
  ])('%j with %j is refused', async (words, options, message) => {
    const sources = words.map((word) => word.replace('THREE', three).replace('SEVEN', seven));
    expect((await toolkitError('USAGE', serveForTest(sources, options))).message).toMatch(message);
  });

  it('an ensemble of models with other classes is refused', async () => {
    const path = await writeMnistCheckpoint(folder, 'other', 1);
    const { description, tensors } = await readCheckpoint(path);
    const classNames = description.classNames.map((name) => `class ${name}`);
    await writeCheckpoint({ path, tensors, description: { ...description, classNames } });
    await toolkitError('CHECKPOINT_REFUSED', serveForTest([`e=${three}+${path}`]));
  });
});
