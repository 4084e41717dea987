import { join } from 'node:path';

import { expect, it } from 'vitest';

import { readCheckpoint } from '../../../src/artifacts/checkpoint.js';
import { loadFloats } from '../../../src/artifacts/safetensors.js';
import { importModel, train, type TrainOptions } from '../../../src/index.js';
import { readStateDict } from '../../../src/stages/import/initial-weights.js';
import { resolveTrainOptions } from '../../../src/stages/train/train-options.js';
import { recordingContext } from '../../support/backends.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';
import { expectClose } from '../../support/numbers.js';
import { drawings } from '../../support/small-drawings.js';
import { stateDict, writeStateDict } from '../../support/torchvision.js';

it('weights of torchvision begin a run on a folder of images, frozen but for the output layer', async () => {
  const place = await temporaryFolder();
  const file = join(place, 'net.safetensors');
  const arrays = stateDict('mobilenet-v3-small');
  await writeStateDict(file, arrays);
  const folder = await drawings(join(place, 'drawings'));
  const places: TrainOptions = { dataDir: join(place, 'data'), checkpointsDir: join(place, 'runs') };
  const common: TrainOptions = { ...places, device: 'cpu', threads: 1, folder, run: 'fine' };
  const size: TrainOptions = { size: '48x32', fit: 'stretch' };
  const { events, context } = recordingContext();
  const frozen: TrainOptions = { initFrom: file, freezeAllButHead: true, epochs: 1 };
  const { checkpoint } = await train({ ...common, ...size, ...frozen }, context);

  const { description, tensors } = await readCheckpoint(checkpoint);
  expect(description).toMatchObject({
    model: { name: 'mobilenet-v3-small' },
    shape: { height: 32, width: 48, channels: 1 },
    preprocessing: { scaling: 'zero-one' },
    config: { size: '48x32', fit: 'stretch' },
    data: { dataset: 'drawings' },
  });
  const numbers = (name: string): Float32Array => loadFloats(tensors.get(`parameters/${name}`)!);
  expectClose(numbers('normalize/factor'), [1 / 0.229, 1 / 0.224, 1 / 0.225], 1e-6);
  expectClose(numbers('normalize/offset'), [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225], 1e-6);
  // Frozen: also the statistics are as they were.
  expect(numbers('features/0/1/moving-mean')).toEqual(arrays.get('features.0.1.running_mean')!.values());
  expect(numbers('classifier/0/bias')).toEqual(arrays.get('classifier.0.bias')!.values());
  const transfer = events.find(({ event }) => event === 'transfer');
  expect(transfer).toMatchObject({ checkpoint: file, fresh: ['classifier/3'] });
  // 52 convolutions, 34 normalisations, and the dense layer before the output.
  expect(transfer).toHaveProperty('taken.length', 87);
  const notices = events.flatMap((event) => (event.event === 'notice' ? event.message : []));
  expect(notices).toContain(
    `${file} has 7 outputs, and the data have 2 classes: classifier/3 starts from random weights`,
  );

  // When the run is resumed, the images are made as before, without being told again.
  const resumed = { ...places, folder, resume: 'fine', epochs: 2 };
  expect((await resolveTrainOptions(resumed)).values).toMatchObject({
    folder,
    size: '48x32',
    fit: 'stretch',
  });
  await toolkitError('RESUME_CONFLICT', resolveTrainOptions({ ...resumed, size: 32 }));

  // Neither features nor an import has use for such a file; the import says what has.
  const { values } = await resolveTrainOptions({ ...places, initFrom: file, features: 'hog' });
  expect((await toolkitError('USAGE', readStateDict(file, values))).message).toContain('take images');
  const imported = await toolkitError('MODEL_UNSUPPORTED', importModel(file, { checkpointsDir: place }));
  expect(imported.hint).toContain(`mnist train --init-from ${file}`);
});

it('a size without a folder is refused', async () => {
  const error = await toolkitError('USAGE', train({ size: 32 }));
  expect(error.message).toBe('size has no effect without folder');
});
