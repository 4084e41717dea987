import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, inject, it } from 'vitest';

import { preparedFolder, type PreparedData } from '../../../src/artifacts/prepared.js';
import { findRaw, rawFingerprint, rawFolder } from '../../../src/artifacts/raw.js';
import { silentContext, type ToolkitEvent } from '../../../src/core/events.js';
import { mnist } from '../../../src/data/datasets/mnist.js';
import { collect } from '../../../src/index.js';
import { prepareData } from '../../../src/stages/preprocess/prepare-data.js';
import { preprocess, type Preprocessed } from '../../../src/stages/preprocess/preprocess.js';
import { smallDataset, writeFiles } from '../../support/datasets.js';
import { failureOf, toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';
import { idxImages, idxLabels } from '../../support/idx.js';
import { preprocessFields } from '../../../src/stages/preprocess/preprocess-options.js';

/** A data folder with a collected data set, some of whose files are others than usual. */
async function collected(changes: Record<string, Buffer> = {}): Promise<string> {
  const dataDir = await temporaryFolder();
  const from = await writeFiles(await temporaryFolder(), { ...smallDataset(), ...changes });
  await collect({ dataset: 'mine', dataDir, from });
  return dataDir;
}

const run = (dataDir: string, options: object = {}): Promise<Preprocessed> =>
  preprocess(preprocessFields.parse({ dataset: 'mine', dataDir, ...options }));

describe('preprocess', () => {
  it('prepares a data set of one’s own, and reports on it', async () => {
    const dataDir = await collected();
    const { prepared, quality } = await run(dataDir, { validationSplit: 0.2, scaling: 'zero-one', seed: 4 });
    expect(prepared).toMatchObject({
      dataset: 'mine',
      classNames: ['0', '1', '2'],
      shape: { height: 3, width: 2, channels: 1 },
      defaults: { scaling: 'zero-one', validationSplit: 0.2, seed: 4 },
      train: { count: 20 },
      test: { count: 4 },
    });
    const file = smallDataset()['train-images-idx3-ubyte']!;
    expect(Buffer.from((prepared as PreparedData).train.pixels).equals(file.subarray(16))).toBe(true);
    expect(quality.counts).toEqual({ training: [6, 6, 5], validation: [1, 1, 1], test: [1, 1, 2] });
    // The test images of this set are the first four of its training.
    expect(quality.leakedTestImages).toEqual([0, 1, 2, 3]);
    const report = await readFile(join(preparedFolder(dataDir, 'mine'), 'quality.json'), 'utf8');
    expect(JSON.parse(report)).toEqual(quality);
    expect(prepared.fingerprint).toBe(rawFingerprint((await findRaw(dataDir, 'mine'))!.manifest));
  });

  it('gives the same bytes each time', async () => {
    const dataDir = await collected();
    const { path } = (await run(dataDir)).prepared;
    const first = await readFile(path);
    await run(dataDir);
    expect((await readFile(path)).equals(first)).toBe(true);
  });

  it('asks for the first stage where there are no raw files', async () => {
    const error = await toolkitError('DATA_MISSING', run(await temporaryFolder()));
    expect(error.hint).toBe('run "mnist collect mine" first');
  });

  it.each<[string, Record<string, Buffer>, RegExp]>([
    [
      'more labels than images',
      { 'train-labels-idx1-ubyte': idxLabels(new Array<number>(21).fill(0)) },
      /train-labels-idx1-ubyte: 21 labels for 20 images/,
    ],
    [
      'fewer labels than images',
      { 't10k-labels-idx1-ubyte': idxLabels([0]) },
      /t10k-labels-idx1-ubyte: 1 labels for 4 images/,
    ],
    [
      'test images of another size',
      { 't10k-images-idx3-ubyte': idxImages(4, 2, 3) },
      /t10k-images-idx3-ubyte: images of 2×3×1, but the training images are 3×2×1/,
    ],
  ])('refuses %s', async (_, changes, message) => {
    const error = await toolkitError('DATA_CORRUPT', run(await collected(changes)));
    expect(error.message).toMatch(message);
  });

  it('refuses a label that none of the named classes has', async () => {
    const dataDir = await collected();
    const path = join(rawFolder(dataDir, 'mine'), 'manifest.json');
    const manifest = JSON.parse(await readFile(path, 'utf8')) as object;
    await writeFile(path, JSON.stringify({ ...manifest, classNames: ['no', 'yes'] }));
    const error = await toolkitError('DATA_CORRUPT', run(dataDir));
    expect(error.message).toMatch(
      /train-labels-idx1-ubyte: label 2 at position 2, where there are 2 classes/,
    );
  });

  it('refuses a raw file that was changed after it was collected', async () => {
    const dataDir = await collected();
    await writeFile(join(rawFolder(dataDir, 'mine'), 't10k-labels-idx1-ubyte'), idxLabels([1, 1, 1, 1]));
    await toolkitError('DATA_CORRUPT', run(dataDir));
  });

  it('stops when it is aborted', async () => {
    const stop = new AbortController();
    const reason = new Error('interrupted');
    stop.abort(reason);
    const options = preprocessFields.parse({ dataset: 'mine', dataDir: await collected() });
    expect(await failureOf(preprocess(options, silentContext({ signal: stop.signal })))).toBe(reason);
  });
});

describe('prepareData', () => {
  const options = { dataset: 'mine' };
  const listen = (): { events: ToolkitEvent[]; context: ReturnType<typeof silentContext> } => {
    const events: ToolkitEvent[] = [];
    return { events, context: silentContext({ emit: (event) => events.push(event) }) };
  };

  it('gives what is there, without running a stage', async () => {
    const { events, context } = listen();
    const found = await prepareData({ dataset: 'mnist', dataDir: inject('dataDir') }, context);
    expect(found).toMatchObject({ dataset: 'mnist', classNames: mnist.classNames });
    expect(events).toEqual([]);
  });

  it('runs both stages where nothing is there', async () => {
    const { events, context } = listen();
    const dataDir = await temporaryFolder();
    const { train } = await prepareData({ dataset: 'mnist', dataDir, scaling: 'zero-one' }, context);
    expect(train.count).toBe(60_000);
    expect(events.map((event) => (event.event === 'stage' ? event.stage : event.event))).toEqual([
      'collect',
      'preprocess',
    ]);
  });

  it('prepares again what was made from other raw files', async () => {
    const dataDir = await collected();
    const { context } = listen();
    const before = await prepareData({ ...options, dataDir }, context);
    const from = await writeFiles(await temporaryFolder(), {
      ...smallDataset(),
      't10k-labels-idx1-ubyte': idxLabels([2, 1, 0, 0]),
    });
    await collect({ dataset: 'mine', dataDir, from });
    const after = await prepareData({ ...options, dataDir }, context);
    expect(after.fingerprint).not.toBe(before.fingerprint);
    expect([...after.test.labels]).toEqual([2, 1, 0, 0]);
  });

  it('needs no raw files where the data are prepared', async () => {
    const dataDir = await collected();
    await run(dataDir);
    const elsewhere = await temporaryFolder();
    await cp(preparedFolder(dataDir, 'mine'), preparedFolder(elsewhere, 'mine'), { recursive: true });
    expect((await prepareData({ ...options, dataDir: elsewhere }, listen().context)).train.count).toBe(20);
  });

  it('prepares a damaged file again, with a warning', async () => {
    const dataDir = await collected();
    const { path } = (await run(dataDir)).prepared;
    const intact = await readFile(path);
    await writeFile(path, intact.subarray(0, -1));
    const { events, context } = listen();
    await prepareData({ ...options, dataDir }, context);
    expect(events[0]).toMatchObject({ event: 'warning', code: 'DATA_CORRUPT', hint: 'preparing it again' });
    expect((await readFile(path)).equals(intact)).toBe(true);
  });
});
