import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { readCheckpointDescription } from '../../../src/artifacts/checkpoint.js';
import { silentContext, type ToolkitEvent } from '../../../src/core/events.js';
import { train, type TrainOptions } from '../../../src/index.js';
import { usualEpochs } from '../../../src/stages/train/data-defaults.js';
import { writeParts } from '../../support/parts.js';

describe('the epochs of a set', () => {
  it.each([
    [60_000, 10],
    [54_000, 10],
    [6000, 10],
    [5999, 11],
    [1000, 60],
    [900, 67],
    [600, 100],
    [1, 100],
  ])('of %i training images are %i', (images, epochs) => {
    expect(usualEpochs(images)).toBe(epochs);
  });
});

describe('a run on 600 training images', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mnist-train-test-'));
    await writeParts(folder);
    return () => rm(folder, { recursive: true, force: true });
  });

  /** What a run of one or two epochs said of its length, and what it has recorded. */
  async function started(
    options: TrainOptions,
  ): Promise<{ notices: string[]; epochs: unknown; shown: number[] }> {
    const events: ToolkitEvent[] = [];
    const places = { dataDir: folder, checkpointsDir: folder, threads: 1 };
    const result = await train(
      { ...places, stopAfter: 1, ...options },
      silentContext({ emit: (event) => events.push(event) }),
    );
    const { config } = await readCheckpointDescription(join(result.folder, 'last.safetensors'));
    return {
      notices: events.flatMap((event) => (event.event === 'notice' ? [event.message] : [])),
      epochs: config['epochs'],
      shown: events.flatMap((event) => (event.event === 'epoch' ? [event.epochs] : [])),
    };
  }

  const common = { dataset: 'parts', hiddenLayers: [4] } satisfies TrainOptions;

  it('says how many epochs it chose and why, and has as many when it is resumed or reproduced', async () => {
    const first = await started({ ...common, run: 'first' });
    expect(first).toEqual({
      notices: [
        '100 epochs instead of 10, because 600 training images are few; --epochs sets another number',
      ],
      epochs: 100,
      shown: [100],
    });
    const none = { notices: [], epochs: 100 };
    expect(await started({ resume: 'first', stopAfter: 2 })).toEqual({ ...none, shown: [100] });
    const again = { reproduce: 'first', run: 'again', stopAfter: undefined };
    expect(await started(again)).toEqual({ ...none, shown: [100, 100] });
  });

  it('has the epochs that are set, and a private one the default', async () => {
    expect(await started({ ...common, epochs: 10 })).toMatchObject({ notices: [], epochs: 10 });
    const secret = { private: true, noiseMultiplier: 50 } as const;
    expect(await started({ ...common, ...secret })).toMatchObject({ epochs: 10, shown: [10] });
  });
});
