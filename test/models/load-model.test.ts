import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { readCheckpoint, type Checkpoint } from '../../src/artifacts/checkpoint.js';
import { storeFloats } from '../../src/artifacts/safetensors.js';
import { isToolkitError } from '../../src/core/errors.js';
import { loadModel, planModel } from '../../src/models/load-model.js';
import { startOnCpu } from '../support/backends.js';
import { toolkitError } from '../support/errors.js';
import { temporaryFolder } from '../support/folders.js';
import {
  fileOf,
  madeCheckpoint,
  mutatedCheckpoint,
  smallCheckpoints,
  type MadeCheckpoint,
} from '../support/hostile-checkpoints.js';

beforeAll(() => startOnCpu('cpu'));

const opened = (made: MadeCheckpoint): Checkpoint => ({ path: 'some.safetensors', ...made });

/** A checkpoint with other settings than those of its tensors. */
function claiming(made: MadeCheckpoint, config: Record<string, unknown>): Checkpoint {
  const { description } = made;
  return opened({ ...made, description: { ...description, config: { ...description.config, ...config } } });
}

it.each(smallCheckpoints().map((made) => [made.description.model.name, made] as const))(
  'loads an intact %s with its own weights',
  async (_, made) => {
    const { model, variables } = loadModel(opened(made));
    const [name, stored] = [...made.tensors][0]!;
    expect(`parameters/${model.parameters[0]!.name}`).toBe(name);
    const values = await variables.values().get(model.parameters[0]!.name)!.data();
    expect(Buffer.from(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))).toEqual(
      Buffer.from(stored.bytes),
    );
    variables.dispose();
  },
);

const huge = { height: 8192, width: 8192, channels: 1 };
const small = madeCheckpoint('mlp', { hiddenLayers: [4] });

describe('refuses, before it takes memory,', () => {
  it.each<[string, Checkpoint, RegExp]>([
    [
      'layers that are not in the file',
      claiming(small, { hiddenLayers: [65_536, 65_536] }),
      /dense1\/kernel has shape/,
    ],
    ['more layers', claiming(small, { hiddenLayers: Array(64).fill(65_536) }), /has shape \[64, 4\]/],
    ['fewer layers', claiming(small, { hiddenLayers: [] }), /has shape \[64, 4\]/],
    [
      'an unknown model',
      opened({
        ...small,
        description: { ...small.description, model: { ...small.description.model, name: 'x'.repeat(900) } },
      }),
      /unknown/,
    ],
    ['features of another type', claiming(small, { features: { name: 'pca' } }), /of type object/],
    ['principal components', claiming(small, { features: 'pca', pcaComponents: 1024 }), /parameters\//],
    [
      'features for which images are too small',
      claiming(small, { features: 'hog', hogCellSize: 256 }),
      /too|smaller/,
    ],
    [
      'parameters of another type',
      opened({
        ...small,
        tensors: new Map(
          [...small.tensors].map(([name, tensor]) => [name, { ...tensor, type: 'I32' as const }]),
        ),
      }),
      /expected F32/,
    ],
    [
      'parameters that the model does not have',
      opened({
        ...small,
        tensors: new Map([...small.tensors, ['parameters/more', storeFloats(Float32Array.of(1), [1])]]),
      }),
      /not part of the model/,
    ],
    [
      'a convolution over an image of 67 megapixels',
      opened({
        ...madeCheckpoint('cnn-small', { filters: [4, 4] }),
        description: { ...madeCheckpoint('cnn-small', { filters: [4, 4] }).description, shape: huge },
      }),
      /GiB/,
    ],
    [
      'a recurrent net over 8,192 rows',
      opened({
        ...madeCheckpoint('rnn', { units: 2 }),
        description: { ...madeCheckpoint('rnn', { units: 2 }).description, shape: { ...huge, width: 8 } },
      }),
      /operations/,
    ],
    [
      'attention between a million patches',
      madeCheckpointOf(
        [{ type: 'patches', size: 1 }, { type: 'self-attention', heads: 1 }, { type: 'sequence-pooling' }],
        { height: 1024, width: 1024, channels: 1 },
      ),
      /GiB/,
    ],
  ])('%s', async (_, checkpoint, reason) => {
    expect((await toolkitError('CHECKPOINT_REFUSED', () => planModel(checkpoint))).message).toMatch(reason);
  });

  it('a batch that does not fit into memory', async () => {
    const made = opened(madeCheckpoint('cnn-small', { filters: [4, 4] }));
    expect(planModel(made, 32).parameters.length).toBeGreaterThan(0);
    expect((await toolkitError('CHECKPOINT_REFUSED', () => planModel(made, 1e9))).message).toContain(
      'for a batch of',
    );
  });
});

function madeCheckpointOf(layers: unknown[], shape: typeof huge): Checkpoint {
  return opened(madeCheckpoint('stack', { layers }, shape));
}

it(
  'each of 200 mutated checkpoints is refused by an error of the table, or loaded',
  { timeout: 120_000 },
  async () => {
    const path = join(await temporaryFolder(), 'mutated.safetensors');
    const made = smallCheckpoints();
    const codes = new Map<string, number>();
    for (let number = 0; number < 200; number++) {
      await writeFile(path, mutatedCheckpoint(made, number));
      const code = await outcomeOf(path).catch((error: unknown) => {
        if (!isToolkitError(error)) throw new Error(`mutation ${number}`, { cause: error });
        expect(error.message.length).toBeLessThan(3000);
        return error.code;
      });
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect([...codes.keys()].sort()).toEqual(
      expect.arrayContaining(['CHECKPOINT_CORRUPT', 'CHECKPOINT_REFUSED', 'loaded']),
    );
  },
);

async function outcomeOf(path: string): Promise<string> {
  loadModel(await readCheckpoint(path)).variables.dispose();
  return 'loaded';
}

it('what a mutation begins with is intact', async () => {
  const path = join(await temporaryFolder(), 'intact.safetensors');
  for (const made of smallCheckpoints()) {
    const file = fileOf(made);
    expect(file.length).toBeLessThan(16_000);
    await writeFile(path, file);
    expect(await outcomeOf(path)).toBe('loaded');
  }
});
