import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { checkTensorFlow } from '../../../src/stages/runtime/backend-checks.js';
import { attempt } from '../../../src/stages/runtime/check.js';
import { checkDisk } from '../../../src/stages/runtime/machine-checks.js';
import type { NvidiaDriver } from '../../../src/tensorflow/runtime/nvidia-driver.js';
import type { Runtime } from '../../../src/tensorflow/runtime/found-runtime.js';
import { temporaryFolder } from '../../support/folders.js';

it('a folder that does not exist yet has the space of the file system that it will be on', async () => {
  const folder = join(await temporaryFolder(), 'not', 'yet');
  expect(await checkDisk('data folder', folder, 1)).toMatchObject({ status: 'ok', advice: null });
  expect(await checkDisk('data folder', folder, 1e18)).toMatchObject({ status: 'problem' });
});

it('a file system that does not say how much space it has is a warning', async () => {
  const folder = await temporaryFolder();
  const refuse = (): Promise<never> =>
    Promise.reject(Object.assign(new Error('EACCES: permission denied, statfs'), { code: 'EACCES' }));
  expect(await checkDisk('data folder', folder, 2 ** 30, refuse)).toEqual({
    name: 'data folder',
    status: 'warning',
    found: `${folder}: free space unknown (EACCES)`,
    advice: 'make sure that 1.0 GiB are free',
  });
});

it('a check that throws is a problem of that name', async () => {
  const check = await attempt('npm', () => {
    throw new Error('no such user');
  });
  expect(check).toMatchObject({ name: 'npm', status: 'problem' });
  expect(check.found).toContain('no such user');
});

describe('a TensorFlow that computes', () => {
  const onCpu = { name: 'tensorflow', device: 'CPU', version: '2.21.0', threads: 2, oneDnn: true };
  const none = { found: false, reason: 'no NVIDIA driver' } as const;
  const driverFor = (cudaVersion: string): NvidiaDriver => ({
    ...{ found: true, cudaVersion, devices: ['NVIDIA H200'] },
  });
  const runtime: Runtime = {
    ...{ origin: 'cache', variant: 'cuda', version: '2.21.0' },
    ...{ folder: '/runtime', library: '/runtime/cc', framework: '/runtime/framework' },
  };

  it('is all right on a machine without a GPU, and on a GPU that it uses', () => {
    expect(checkTensorFlow({ ...onCpu, instructionSet: 'AVX2' }, none, runtime)).toEqual({
      ...{ name: 'backend tensorflow', status: 'ok', found: '2.21.0 on CPU, oneDNN on (AVX2)', advice: null },
    });
    const onGpu = { ...onCpu, device: 'NVIDIA H200' };
    expect(checkTensorFlow(onGpu, driverFor('12.8'), runtime)).toMatchObject({ status: 'ok', advice: null });
  });

  it.each([
    ['12.8', runtime, 'TF_CPP_MIN_LOG_LEVEL=0'],
    ['11.8', runtime, 'update the NVIDIA driver'],
    ['12.8', { ...runtime, variant: 'cpu' } as const, 'runtime install --variant cuda'],
    ['12.8', undefined, 'runtime install --variant cuda'],
  ])('is a warning beside a driver for CUDA %s if it does not use the GPU', (version, found, advice) => {
    expect(checkTensorFlow(onCpu, driverFor(version), found)).toMatchObject({
      status: 'warning',
      found: expect.stringContaining('does not use NVIDIA H200') as string,
      advice: expect.stringContaining(advice) as string,
    });
  });

  it.runIf(process.arch === 'x64')('advises oneDNN where it is switched off', () => {
    const { status, found, advice } = checkTensorFlow({ ...onCpu, oneDnn: false }, none, runtime);
    expect([status, found]).toEqual(['ok', '2.21.0 on CPU, oneDNN off']);
    expect(advice).toContain('TF_ENABLE_ONEDNN_OPTS');
  });
});
