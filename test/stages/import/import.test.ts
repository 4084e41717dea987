import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, inject, it } from 'vitest';

import { readCheckpoint } from '../../../src/artifacts/checkpoint.js';
import { importModel, preprocess, train } from '../../../src/index.js';
import { recordingContext, startOnCpu } from '../../support/backends.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';
import { expectOriginalOutputs, importCase } from '../../support/imports.js';

beforeAll(() => startOnCpu('tensorflow'));

describe('an imported model', () => {
  it.each([
    'keras2-flat-keras',
    'keras2-graph-h5',
    'keras3-activations-keras',
    'keras3-binary-keras',
    'keras3-convnet-keras',
    'keras3-graph-keras',
    'tfjs-graph',
    'tfjs-mnist',
    'torch-mnist',
    'torch-residual',
    'torch-sequential',
  ])('computes what the original does: %s', expectOriginalOutputs);

  it('goes on training, with its own layers, for other classes too', async () => {
    const { folder, file } = await importCase('keras3-convnet-keras');
    const dataDir = join(folder, 'data');
    await mkdir(join(dataDir, 'mnist'), { recursive: true });
    await symlink(join(inject('dataDir'), 'mnist', 'raw'), join(dataDir, 'mnist', 'raw'));
    await preprocess({ dataDir, classes: ['0-4'], imagesPerClass: 20, as: 'mnist-few', validationSplit: 0 });
    const places = { dataDir, checkpointsDir: join(folder, 'runs') };
    await importModel(file, { run: 'mine', checkpointsDir: places.checkpointsDir });
    const { events, context } = recordingContext();
    const options = { ...places, initFrom: 'mine', dataset: 'mnist-few', epochs: 2, device: 'cpu' as const };
    const { model, checkpoint, epochs } = await train({ ...options, batchSize: 20, run: 'more' }, context);
    expect({ model, epochs }).toEqual({ model: 'graph', epochs: 2 });
    expect(events.find(({ event }) => event === 'transfer')).toMatchObject({
      taken: ['conv2d', 'conv2d_1'],
      fresh: ['dense'],
    });
    expect((await readCheckpoint(checkpoint)).description.classNames).toHaveLength(5);
    const error = await toolkitError('USAGE', train({ ...places, resume: 'mine' }));
    expect(error.hint).toContain('--init-from mine');
  });

  it('has the classes that it is given, and pixels as it is told', async () => {
    const { folder, file } = await importCase('keras3-binary-keras');
    const common = { checkpointsDir: folder };
    const named = await importModel(file, { ...common, run: 'a', classes: ['bad', 'good'] });
    expect(named.classNames).toEqual(['bad', 'good']);
    // Its first layer scales pixels, though not from 0 to 255.
    expect(named.preprocessing).toEqual({ scaling: 'none', scale: 1, offset: 0 });
    const scaled = await importModel(file, { ...common, run: 'b', scaling: 'minus-one-one' });
    expect(scaled.preprocessing).toMatchObject({ scaling: 'minus-one-one', offset: -1 });
    const wrong = importModel(file, { ...common, run: 'c', classes: ['a', 'b', 'c'] });
    expect((await toolkitError('USAGE', wrong)).message).toContain('3 class names');
    await toolkitError('RUN_EXISTS', importModel(file, { ...common, run: 'a' }));
  });

  it('is a run with the name of its file', async () => {
    const { folder, file } = await importCase('tfjs-mnist');
    const { run, notes } = await importModel(folder, { checkpointsDir: folder });
    expect({ run, notes }).toEqual({ run: folder.split('/').at(-1), notes: [] });
    expect(file).toMatch(/model\.json$/);
  });
});

it('is refused where there is no such file', async () => {
  const path = join(await temporaryFolder(), 'net.keras');
  expect((await toolkitError('DATA_UNREADABLE', importModel(path))).message).toContain(path);
});
