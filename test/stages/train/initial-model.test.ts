import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { readCheckpoint } from '../../../src/artifacts/checkpoint.js';
import { sha256OfFiles } from '../../../src/core/hashing.js';
import { collect, deploy, evaluate, importModel, train, type TrainOptions } from '../../../src/index.js';
import { resolveTrainOptions } from '../../../src/stages/train/train-options.js';
import { train as trainResolved } from '../../../src/stages/train/train.js';
import { recordingContext } from '../../support/backends.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';
import { importCase } from '../../support/imports.js';
import { drawings } from '../../support/small-drawings.js';
import { tensorDigests } from '../../support/tensor-digests.js';

/** A folder of drawings of two classes, and places for what is made of them. */
async function onDrawings(): Promise<TrainOptions & { checkpointsDir: string }> {
  const place = await temporaryFolder();
  const folder = await drawings(join(place, 'drawings'));
  const places = { dataDir: join(place, 'data'), checkpointsDir: join(place, 'runs') };
  return { ...places, folder, device: 'cpu', threads: 1, epochs: 1 };
}

it('a model of TensorFlow.js begins a run as if it had been imported before', async () => {
  const common = await onDrawings();
  const { folder, file } = await importCase('tfjs-mnist');
  const { events, context } = recordingContext();
  const options: TrainOptions = { ...common, freeze: ['conv2d*'], epochs: 2, stopAfter: 1 };
  const { checkpoint } = await train({ ...options, initFrom: folder, run: 'direct' }, context);
  await importModel(file, { run: 'imported', checkpointsDir: common.checkpointsDir });
  const after = await train({ ...options, initFrom: 'imported', run: 'after' });

  const direct = await readCheckpoint(checkpoint);
  expect(tensorDigests(direct)).toEqual(tensorDigests(await readCheckpoint(after.checkpoint)));
  const shard = join(folder, 'group1-shard1of1.bin');
  const initial = {
    program: 'TensorFlow.js',
    file: 'model.json',
    sha256: await sha256OfFiles([file, shard]),
  };
  expect(direct.description).toMatchObject({
    ...{ model: { name: 'graph' }, config: { size: 28, initFrom: folder }, initial },
    ...{ shape: { height: 28, width: 28, channels: 1 }, preprocessing: { scaling: 'zero-one' } },
  });
  const notices = events.flatMap((event) => (event.event === 'notice' ? event.message : []));
  expect(notices.join()).toMatch(
    /model\.json has 10 outputs, and the data have 2 classes: \S+ starts from random/,
  );

  // The run goes on without the file; but it cannot be repeated with another one.
  await appendFile(file, '\n');
  const repeated = train({ ...common, epochs: undefined, reproduce: 'direct' });
  expect((await toolkitError('CHECKPOINT_REFUSED', repeated)).message).toContain('has changed since run');
  await rm(folder, { recursive: true });
  const resumed = await train({ ...common, epochs: 2, resume: 'direct' });
  expect((await readCheckpoint(resumed.checkpoint)).description).toMatchObject({ initial });
});

it('a model of Keras is refused for images that it cannot take, and beside another model or features', async () => {
  const common = await onDrawings();
  const { file } = await importCase('keras2-graph-h5');
  const refused = async (options: TrainOptions): Promise<string> => {
    const error = await toolkitError('USAGE', train({ ...common, initFrom: file, ...options }));
    return `${error.message} — ${error.hint}`;
  };
  // The images of a folder are made as large as the model needs them.
  expect(await refused({ dataset: 'wide' })).toBe(
    `${file} takes images of 11×13 pixels in colour, and those of the data set "wide" are 11×13 pixels in grey — collect the images with --channels 3`,
  );
  expect(await refused({ dataset: 'small', size: 8 })).toContain('with --size 11x13 --channels 3');
  expect(await refused({ model: 'mlp' })).toContain('brings a model of its own');
  expect(await refused({ features: 'hog' })).toContain('take images');
});

it('a model.json in the place of a model is that model, which goes on from its weights', async () => {
  const common = await onDrawings();
  const { file, folder } = await importCase('tfjs-mnist');
  const options = { ...common, threads: 1, epochs: 2, seed: 5 };
  await train({ ...options, model: path(file), run: 'model', stopAfter: 1 });
  const other = await train({ ...options, initFrom: file, run: 'weights' });
  await rm(folder, { recursive: true });
  const resumed = await train({ ...common, epochs: 2, resume: 'model' });
  const found = await readCheckpoint(resumed.checkpoint);
  expect(tensorDigests(found)).toEqual(tensorDigests(await readCheckpoint(other.checkpoint)));
  expect(found.description).toMatchObject({ model: { name: 'graph' }, initial: { file: 'model.json' } });

  const measured = { ...placesOf(common), device: 'cpu', threads: 1 } as const;
  const { accuracy } = await evaluate('model', measured);
  const output = join(folder, 'as-onnx');
  expect((await deploy('model', { ...measured, to: 'onnx', output })).metrics.accuracy).toBe(accuracy);
});

it('a file that training begins with is read once', async () => {
  const { folder: from, ...common } = await onDrawings();
  await collect({ dataset: 'bars', from, size: 28, dataDir: common.dataDir });
  const { file, folder } = await importCase('tfjs-mnist');
  const options = { ...common, dataset: 'bars' };
  const resolution = await resolveTrainOptions({ ...options, model: path(file), run: 'once' });
  await rm(folder, { recursive: true });
  expect((await trainResolved(resolution)).model).toBe('graph');
});

it.each([
  ['a map', 4, 'pooled', [3]],
  ['a list of features', 5, 'classifier', [48]],
])('a model without an output layer, which ends with %s, gets one', async (_, layers, first, [features]) => {
  const common = await onDrawings();
  const { file } = await importCase('tfjs-mnist');
  await keepLayers(file, layers);
  await toolkitError('MODEL_UNSUPPORTED', importModel(file, { checkpointsDir: common.checkpointsDir }));
  const { events, context } = recordingContext();
  const options: TrainOptions = { ...common, initFrom: file, run: 'backbone', freezeAllButHead: true };
  const { checkpoint } = await train({ ...options, epochs: 60, learningRate: 0.03 }, context);

  const { tensors, description } = await readCheckpoint(checkpoint);
  expect(tensors.get('parameters/classifier/kernel')?.shape).toEqual([features, 2]);
  const nodes = description.config['nodes'] as { name: string }[];
  expect(nodes.slice(layers + 2)[0]).toMatchObject({ name: first });
  const [transfer] = events.filter((event) => event.event === 'transfer');
  expect(transfer).toMatchObject({ fresh: ['classifier'], frozen: transfer?.taken });
  const notices = events.flatMap((event) => (event.event === 'notice' ? event.message : []));
  expect(notices.join()).toContain('has no classifier, and the data have 2 classes');
  // What it makes of the bars is enough to tell them apart.
  expect((await evaluate('backbone', placesOf(common))).accuracy).toBe(1);
});

/** A path as the type of `model` has it. */
function path(file: string): `/${string}` {
  return file as `/${string}`;
}

/** Where data and runs are: the options that all commands have. */
function placesOf({
  dataDir,
  checkpointsDir,
}: TrainOptions): Pick<TrainOptions, 'dataDir' | 'checkpointsDir'> {
  return { dataDir, checkpointsDir };
}

/** Leaves only the first layers of a sequential model of TensorFlow.js. */
async function keepLayers(file: string, count: number): Promise<void> {
  const model = JSON.parse(await readFile(file, 'utf8')) as {
    modelTopology: { config: { layers: unknown[] } };
  };
  model.modelTopology.config.layers.splice(count);
  await writeFile(file, JSON.stringify(model));
}
