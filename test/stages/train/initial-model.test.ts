import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { readCheckpoint } from '../../../src/artifacts/checkpoint.js';
import { sha256OfFiles } from '../../../src/core/hashing.js';
import { importModel, train, type TrainOptions } from '../../../src/index.js';
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
