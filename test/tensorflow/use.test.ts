import { add, getBackend, setBackend, tensor1d } from '@tensorflow/tfjs-core';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

import {
  activeTensorFlow,
  findRuntime,
  installRuntime,
  listRuntimes,
  tensorflowVersion,
  useTensorFlow,
  type RuntimeEvent,
  type UseTensorFlowOptions,
} from '../../src/tensorflow.js';
import { probeNvidiaDriver } from '../../src/tensorflow/runtime/nvidia-driver.js';
import { toolkitError } from '../support/errors.js';
import { temporaryFolder } from '../support/folders.js';

const CPU = { device: 'cpu', threads: 1 } as const;
const driver = probeNvidiaDriver();

/** Options as JavaScript can give them. */
const untyped = (options: object): UseTensorFlowOptions => options;

describe('useTensorFlow', () => {
  it.each([
    [{ thread: 2 }, 'unknown option "thread", did you mean "threads"?'],
    [{ threads: '2' }, 'threads: '],
    [{ threads: 0 }, 'threads: '],
    [{ threads: 1.5 }, 'threads: '],
    [{ device: 'tpu' }, 'device: '],
    [{ memoryGrowth: 'yes' }, 'memoryGrowth: '],
    [{ deterministic: 1 }, 'deterministic: '],
    [{ mixedPrecision: null }, 'mixedPrecision: '],
    [{ runtime: '' }, 'runtime: '],
    [{ onProgress: 'log' }, 'onProgress: expected a function'],
    [{ signal: {} }, 'signal: '],
    [{ device: 'cpu', memoryGrowth: false }, 'memoryGrowth has no effect'],
  ])('refuses %o and starts nothing', async (options, complaint) => {
    const error = await toolkitError('USAGE', useTensorFlow(untyped(options)));
    expect(error.message).toContain(complaint);
    expect(activeTensorFlow()).toBeUndefined();
    expect(tensorflowVersion()).toBeUndefined();
  });

  it.skipIf(driver.found)('refuses the device gpu on a machine without one', async () => {
    await toolkitError('DEVICE_UNAVAILABLE', useTensorFlow({ device: 'gpu' }));
    expect(activeTensorFlow()).toBeUndefined();
  });

  it('can be tried again after a failure', async () => {
    const runtime = await temporaryFolder();
    await toolkitError('RUNTIME_UNUSABLE', useTensorFlow({ ...CPU, runtime }));
    await expect(useTensorFlow(CPU)).resolves.toMatchObject({ threads: 1 });
  });

  it('makes TensorFlow the backend, and says what it is', async () => {
    const [first, second] = await Promise.all([useTensorFlow(CPU), useTensorFlow({ ...CPU })]);
    expect(first).toEqual(second);
    const { warnings, ...active } = first;
    expect(active).toMatchObject({ device: 'CPU', usesGpu: false, threads: 1, mixedPrecision: false });
    expect(warnings).toEqual([]);
    expect(activeTensorFlow()).toEqual(active);
    expect(tensorflowVersion()).toMatch(/^2\.\d+\.\d+/);
    expect(getBackend()).toBe('tensorflow');
    expect([...add(tensor1d([1, 2]), 3).dataSync()]).toEqual([4, 5]);
  });

  it('can be called again without options, and selects the backend again', async () => {
    await useTensorFlow(CPU);
    await import('@tensorflow/tfjs-backend-cpu');
    await setBackend('cpu');
    expect(await useTensorFlow()).toMatchObject({ threads: 1, device: 'CPU' });
    expect(getBackend()).toBe('tensorflow');
  });

  it.each([
    [{ threads: 2 }, '2 threads'],
    [{ deterministic: true }, 'deterministic kernels'],
    [{ runtime: '/nowhere' }, '/nowhere'],
    [{ device: 'gpu' }, 'the GPU'],
  ] as const)('refuses %o once it runs otherwise', async (options, difference) => {
    await useTensorFlow(CPU);
    const error = await toolkitError('BACKEND_UNAVAILABLE', useTensorFlow(options));
    expect(error.message).toContain(difference);
  });

  it('warns that how GPU memory is allocated has no effect on the CPU', async () => {
    await useTensorFlow(CPU);
    const events: RuntimeEvent[] = [];
    const { warnings } = await useTensorFlow({
      memoryGrowth: false,
      onProgress: (event) => events.push(event),
    });
    expect(warnings).toMatchObject([{ code: 'OPTION_WITHOUT_EFFECT' }]);
    expect(events).toEqual(warnings);
  });

  it('computes with mixed precision, or says that it cannot', async () => {
    const started = await useTensorFlow({ ...CPU, mixedPrecision: true }).catch((error: unknown) => error);
    const isMixed = activeTensorFlow()?.mixedPrecision;
    if (isMixed === true) expect(started).toMatchObject({ mixedPrecision: true });
    else
      expect(started).toMatchObject({
        code: 'USAGE',
        message: expect.stringContaining('mixedPrecision') as string,
      });
    expect(await useTensorFlow(CPU)).toMatchObject({ mixedPrecision: false });
  });
});

it.each([useTensorFlow, findRuntime, installRuntime])(
  '%o throws the reason of an aborted signal',
  async (call) => {
    const reason = new Error('not now');
    await expect(call({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  },
);

describe('findRuntime', () => {
  it('finds what useTensorFlow loads, which the list has too', async () => {
    const { runtime } = await useTensorFlow(CPU);
    const found = await findRuntime({ device: 'cpu' });
    expect(found).toMatchObject({ folder: runtime, version: tensorflowVersion() });
    const listed = await listRuntimes();
    expect(listed.find(({ folder }) => folder === runtime)).toMatchObject({ installed: true, problem: null });
  });

  it('looks in the named folder alone', async () => {
    const runtime = await temporaryFolder();
    const error = await toolkitError('RUNTIME_UNUSABLE', findRuntime({ device: 'cpu', runtime }));
    expect(error.message).toContain(runtime);
  });

  it('looks in the folder of MNIST_TENSORFLOW, unless an option names another', async () => {
    const { runtime } = await useTensorFlow(CPU);
    const folder = await temporaryFolder();
    vi.stubEnv('MNIST_TENSORFLOW', folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    const error = await toolkitError('RUNTIME_UNUSABLE', findRuntime({ device: 'cpu' }));
    expect(error.message).toContain(folder);
    expect(await findRuntime({ device: 'cpu', runtime })).toMatchObject({
      folder: runtime,
      origin: 'option',
    });
  });

  it('refuses an option that it does not have', async () => {
    const error = await toolkitError('USAGE', findRuntime(untyped({ variant: 'cpu' })));
    expect(error.message).toContain('findRuntime: unknown option "variant"');
  });
});

describe('installRuntime', () => {
  it('gives the runtime that is there, without a word', async () => {
    const { folder } = await installRuntime({ variant: 'cpu' });
    const events: RuntimeEvent[] = [];
    const again = await installRuntime({ variant: 'cpu', onProgress: (event) => events.push(event) });
    expect(again).toMatchObject({ folder, origin: 'cache' });
    expect(events).toEqual([]);
  });

  it('refuses a variant and a device that contradict each other', async () => {
    await toolkitError('USAGE', installRuntime({ variant: 'cpu', device: 'gpu' }));
    await toolkitError('USAGE', installRuntime({ variant: 'cuda', device: 'cpu' }));
  });

  it('refuses a variant that it does not have', async () => {
    const options = { variant: 'tpu' } as unknown as { variant: 'cpu' };
    await toolkitError('USAGE', installRuntime(options));
  });
});
