import { join } from 'node:path';

import { getBackend } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

import { backendChoices, startBackend } from '../../../src/engine/backends/start.js';
import { cpuRequest, recordingContext } from '../../support/backends.js';
import { temporaryFolder } from '../../support/folders.js';

/** A machine without a TensorFlow, a Python and a network. */
async function bareEnvironment(): Promise<NodeJS.ProcessEnv> {
  const cache = await temporaryFolder();
  return { MNIST_OFFLINE: '1', XDG_CACHE_HOME: cache, PATH: join(cache, 'nowhere') };
}

describe('startBackend', () => {
  it('offers auto and every backend', () => {
    expect(backendChoices).toEqual(['auto', 'tensorflow', 'wasm', 'cpu']);
  });

  it('falls back to WebAssembly under auto, and says why and what to do', async () => {
    const { events, context } = recordingContext();
    const request = cpuRequest({ device: 'auto', environment: await bareEnvironment() });
    const active = await startBackend('auto', request, context);
    expect(active.name).toBe('wasm');
    expect(getBackend()).toBe('wasm');
    expect(events).toEqual([
      {
        event: 'warning',
        code: 'RUNTIME_MISSING',
        message: expect.stringMatching(
          /MNIST_OFFLINE.*WebAssembly instead, which is several times slower/,
        ) as string,
        hint: expect.stringContaining('mnist runtime install') as string,
      },
      { event: 'backend', backend: 'wasm', device: 'CPU', version: active.version, threads: 1 },
    ]);
  });

  it('never falls back from a backend that is named', async () => {
    const { events, context } = recordingContext();
    const request = cpuRequest({ environment: await bareEnvironment() });
    const started = startBackend('tensorflow', request, context);
    await expect(started).rejects.toMatchObject({ code: 'RUNTIME_MISSING', exitCode: 4 });
    expect(events).toEqual([]);
  });

  it('never falls back from a runtime folder that is named', async () => {
    const { events, context } = recordingContext();
    const request = cpuRequest({ environment: await bareEnvironment(), runtime: await temporaryFolder() });
    const started = startBackend('auto', request, context);
    await expect(started).rejects.toMatchObject({ code: 'RUNTIME_UNUSABLE', exitCode: 4 });
    expect(events).toEqual([]);
  });

  it('does not know other names', async () => {
    const { context } = recordingContext();
    await expect(startBackend('webgl', cpuRequest(), context)).rejects.toThrow('webgl');
  });

  it('takes TensorFlow under auto where it is installed', async () => {
    const { events, context } = recordingContext();
    const active = await startBackend('auto', cpuRequest({ device: 'auto' }), context);
    expect(active.name).toBe('tensorflow');
    expect(getBackend()).toBe('tensorflow');
    expect(events).toEqual([
      {
        ...{ event: 'backend', backend: 'tensorflow', threads: 1 },
        ...{ device: active.device, version: active.version },
        ...{ oneDnn: active.oneDnn, instructionSet: active.instructionSet },
      },
    ]);
  });
});
