import { getBackend } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

import { startBackend } from '../../../src/engine/backends/start.js';
import { tensorflow } from '../../../src/engine/backends/tensorflow.js';
import { silentContext } from '../../../src/core/events.js';
import { cpuRequest, startOnCpu } from '../../support/backends.js';
import { temporaryFolder } from '../../support/folders.js';

describe('the tensorflow backend', () => {
  it('can be tried again after a failure', async () => {
    const runtime = await temporaryFolder();
    await expect(tensorflow.start(cpuRequest({ runtime }), silentContext())).rejects.toMatchObject({
      code: 'RUNTIME_UNUSABLE',
    });
    await expect(startOnCpu('tensorflow')).resolves.toMatchObject({ name: 'tensorflow' });
  });

  it('is opened once, however many want it at once', async () => {
    const [first, second] = await Promise.all([startOnCpu('tensorflow'), startOnCpu('tensorflow')]);
    expect(first).toBe(second);
    expect(first).toMatchObject({ name: 'tensorflow', device: 'CPU', threads: 1 });
    expect(first.version).toMatch(/^2\.\d+\.\d+/);
    expect(getBackend()).toBe('tensorflow');
  });

  it('refuses another runtime in the same process', async () => {
    await startOnCpu('tensorflow');
    const runtime = await temporaryFolder();
    const started = startBackend('tensorflow', cpuRequest({ runtime }), silentContext());
    await expect(started).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringContaining(runtime) as string,
    });
  });

  it('refuses another number of threads in the same process, and leaves the other backend in use', async () => {
    await startOnCpu('tensorflow');
    await startOnCpu('cpu');
    const started = startBackend('tensorflow', cpuRequest({ threads: 2 }), silentContext());
    await expect(started).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      exitCode: 4,
      message: expect.stringContaining('2 threads') as string,
    });
    expect(getBackend()).toBe('cpu');
  });
});
