import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { engine, memory, tensor1d, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { getNumOfSavedModels, loadSavedModel } from '../../../src/tensorflow/node/load-saved-model.js';
import { nodeBackend } from '../../../src/tensorflow/node/node-backend.js';
import { getMetaGraphsFromSavedModel } from '../../../src/tensorflow/node/saved-model-file.js';
import { failureOf, toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';
import { startTensorFlow } from '../../support/training.js';
import { ToolkitError } from '../../../src/core/errors.js';

const fixture = (name: string): string =>
  join(import.meta.dirname, '../../fixtures/tfjs-node/saved_model', name);

beforeAll(async () => {
  await startTensorFlow();
});

beforeEach(() => {
  engine().startScope();
  return () => {
    engine().endScope();
  };
});

describe('a SavedModel', () => {
  it('runs with tensors in any of three forms, and leaves nothing behind', async () => {
    const model = await loadSavedModel(fixture('model_multi_output'));
    const before = { tfjs: memory().numTensors, native: nodeBackend().getNumOfTFTensors() };
    const x = tensor1d([1, 2], 'int32');
    const y = tensor1d([3, 4], 'int32');
    const list = model.predict([x, y]) as Tensor[];
    const named = model.predict({ y, x }) as Record<string, Tensor>;
    expect(list.map((each) => [...each.dataSync()])).toEqual([
      [2, 4],
      [3, 4],
    ]);
    expect([...named['output_0']!.dataSync()]).toEqual([2, 4]);
    const [node] = model.outputs;
    expect([...(model.execute([x, y], node!.name) as Tensor).dataSync()]).toEqual([2, 4]);
    engine().endScope();
    engine().startScope();
    expect({ tfjs: memory().numTensors, native: nodeBackend().getNumOfTFTensors() }).toEqual(before);
    model.dispose();
    expect(getNumOfSavedModels()).toBe(0);
  });

  it('gives 64-bit integers that do not fit 32 bits as BigInts', async () => {
    const model = await loadSavedModel(fixture('int64_multiply'));
    const small = model.predict(tensor1d([-3], 'int32')) as Tensor;
    expect(small.dataSync()).toEqual(Int32Array.of(-18));
    const large = model.predict(tensor1d([2 ** 30, 1], 'int32')) as Tensor;
    expect(large.dataSync()).toEqual(BigInt64Array.of(6n * 2n ** 30n, 6n));
    model.dispose();
  });

  it('says what it does not take, and leaves nothing behind', async () => {
    const model = await loadSavedModel(fixture('times_three_float'));
    const native = nodeBackend().getNumOfTFTensors();
    const x = tensor1d([1, 2]);
    await toolkitError('USAGE', () => model.predict([x, x]));
    await toolkitError('USAGE', () => model.predict({ z: x }));
    const { message } = await toolkitError('TENSORFLOW_FAILED', () => model.predict(tensor1d([1], 'int32')));
    expect(message).toMatch(/float/);
    await failureOf(() => model.execute(x, 'no_such_node'));
    engine().endScope();
    engine().startScope();
    expect(nodeBackend().getNumOfTFTensors()).toBe(native);
    model.dispose();
    await toolkitError('USAGE', () => model.predict(x));
  });

  it('is given back when nobody refers to it any more', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    await (async () => {
      await loadSavedModel(fixture('times_three_float'));
      expect(getNumOfSavedModels()).toBe(1);
    })();
    await vi.waitFor(() => {
      collect();
      expect(getNumOfSavedModels()).toBe(0);
    });
  });
});

describe('saved_model.pb', () => {
  it('shows its graphs with their signatures, whose sizes may be any', async () => {
    const graphs = await getMetaGraphsFromSavedModel(fixture('module_with_multiple_signatures'));
    expect(graphs).toEqual([
      {
        tags: ['serve'],
        signatureDefs: {
          serving_default: {
            inputs: { x: { dtype: 'float32', tfDtype: 'DT_FLOAT', name: 'serving_default_x:0', shape: [] } },
            outputs: {
              output_0: {
                dtype: 'float32',
                tfDtype: 'DT_FLOAT',
                name: 'StatefulPartitionedCall:0',
                shape: [],
              },
            },
          },
          timestwo: {
            inputs: { x: { dtype: 'float32', tfDtype: 'DT_FLOAT', name: 'timestwo_x:0', shape: [] } },
            outputs: {
              output_0: {
                dtype: 'float32',
                tfDtype: 'DT_FLOAT',
                name: 'StatefulPartitionedCall_1:0',
                shape: [],
              },
            },
          },
        },
      },
    ]);
  });

  it('never ends the process where it is damaged', { timeout: 120_000 }, async () => {
    const folder = join(await temporaryFolder(), 'model');
    await cp(fixture('times_three_float'), folder, { recursive: true });
    const file = join(folder, 'saved_model.pb');
    const whole = await readFile(file);
    for (let cut = 1; cut < whole.length; cut += 331) {
      const damaged = cut % 2 === 0 ? whole.subarray(0, cut) : whole.with(cut, whole[cut]! ^ 0x55);
      await writeFile(file, damaged);
      const model = await loadSavedModel(folder).catch((error: unknown) => {
        expect(error).toBeInstanceOf(ToolkitError);
      });
      model?.dispose();
    }
    expect(getNumOfSavedModels()).toBe(0);
  });
});
