import { backend, memory, tensor1d, tensor2d, tidy, unstack, util } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import type { NodeJSKernelBackend } from '#tensorflow-kernels';

import { gatherBytes, uploadBytes } from '../../../src/engine/tracing/operations.js';
import { startTensorFlow } from '../../support/training.js';

beforeAll(async () => {
  await startTensorFlow();
});

const nativeTensors = (): number => (backend() as unknown as NodeJSKernelBackend).binding.getNumOfTensors();

describe('uploaded bytes', () => {
  it('are gathered row by row, as floats', async () => {
    const before = { tfjs: memory().numTensors, native: nativeTensors() };
    const bytes = uploadBytes(new Uint8Array([0, 1, 127, 128, 254, 255]), [3, 2]);
    const indices = tensor1d(new Int32Array([2, 0, 2]), 'int32');
    const rows = gatherBytes(bytes, indices);
    expect([rows.shape, rows.dtype]).toEqual([[3, 2], 'float32']);
    expect(await rows.data()).toEqual(new Float32Array([254, 255, 0, 1, 254, 255]));
    for (const tensor of [bytes, indices, rows]) tensor.dispose();
    expect({ tfjs: memory().numTensors, native: nativeTensors() }).toEqual(before);
  });

  it('leave nothing behind when an index is out of range', () => {
    const bytes = uploadBytes(new Uint8Array([1, 2]), [2, 1]);
    const indices = tensor1d(new Int32Array([2]), 'int32');
    const before = nativeTensors();
    expect(() => gatherBytes(bytes, indices)).toThrow(/GatherV2.*not in \[0, 2\)/);
    // The indices themselves are uploaded at their first use.
    expect(nativeTensors()).toBe(before + 1);
    for (const tensor of [bytes, indices]) tensor.dispose();
    expect(nativeTensors()).toBe(before - 1);
  });

  it('are refused where they do not fill their shape', () => {
    expect(() => uploadBytes(new Uint8Array(5), [3, 2])).toThrow(/5 bytes for the shape \[3, 2\]/);
  });
});

describe('the kernels of tfjs-node-gpu', () => {
  it('give more outputs than any fixed number', () => {
    const rows = tidy(
      () => unstack(tensor2d(new Float32Array(util.sizeFromShape([200, 2])), [200, 2])).length,
    );
    expect(rows).toBe(200);
  });
});
