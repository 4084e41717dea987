import { getBackend } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { startBackend } from '../../../src/engine/backends/start.js';
import { tensorflow } from '../../../src/engine/backends/tensorflow.js';
import { backendOptions, startChosenBackend } from '../../../src/engine/backends/options.js';
import { tensorFlowContext } from '../../../src/tensorflow/backend/tfjs-backend.js';
import { silentContext } from '../../../src/core/events.js';
import { cpuRequest, recordingContext, startOnCpu } from '../../support/backends.js';
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
    expect(first).toEqual(second);
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

  it('refuses deterministic kernels where it runs without them', async () => {
    await startOnCpu('tensorflow');
    if (process.env['TF_DETERMINISTIC_OPS'] !== undefined) return;
    const started = startBackend('tensorflow', cpuRequest({ deterministic: true }), silentContext());
    await expect(started).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringContaining('deterministic kernels') as string,
    });
  });

  it('compiles with the precision of the latest request, or warns that it has no effect here', async () => {
    const { events, context } = recordingContext();
    await startBackend('tensorflow', cpuRequest({ mixedPrecision: true }), context);
    const { config } = tensorFlowContext();
    const warnings = events.filter(({ event }) => event === 'warning');
    if (config.mixedPrecision === true) expect(warnings).toEqual([]);
    else expect(warnings).toMatchObject([{ code: 'OPTION_WITHOUT_EFFECT' }]);
    await startOnCpu('tensorflow');
    expect(tensorFlowContext().config.mixedPrecision).toBe(false);
  });

  it('warns that mixed precision has no effect where oneDNN may not compute with 16 bits', async () => {
    const { events, context } = recordingContext();
    const environment = { ...process.env, ONEDNN_MAX_CPU_ISA: 'AVX2' };
    await startBackend('tensorflow', cpuRequest({ mixedPrecision: true, environment }), context);
    expect(tensorFlowContext().config.mixedPrecision).toBe(false);
    expect(events.filter(({ event }) => event === 'warning')).toMatchObject([
      { code: 'OPTION_WITHOUT_EFFECT', message: expect.stringContaining('--precision mixed') as string },
    ]);
  });

  it('warns that how GPU memory is taken has no effect on the CPU', async () => {
    const { events, context } = recordingContext();
    await startBackend('tensorflow', cpuRequest({ gpuMemoryGrowth: false }), context);
    expect(events).toMatchObject([
      { code: 'OPTION_WITHOUT_EFFECT', message: expect.stringContaining('--no-gpu-memory-growth') as string },
      { event: 'backend' },
    ]);
  });
});

describe.each(['wasm', 'cpu'])('the backend %s', (name) => {
  it.each([{ threads: 2 }, { mixedPrecision: true }])('refuses %o, which it cannot honour', async (more) => {
    await expect(startBackend(name, cpuRequest(more), silentContext())).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(name) as string,
    });
  });

  it('warns of both where it stands in for TensorFlow, and of a runtime folder', async () => {
    const { events, context } = recordingContext();
    const runtime = await temporaryFolder();
    const request = cpuRequest({ threads: 2, mixedPrecision: true, runtime, isFallback: true });
    await startBackend(name, request, context);
    const warnings = events.filter(({ event }) => event === 'warning');
    expect(warnings.map((warning) => 'message' in warning && warning.message.split(' ')[0])).toEqual([
      '--threads',
      '--precision',
      '--runtime',
    ]);
  });
});

describe('startChosenBackend', () => {
  it('refuses mixed precision without a compiled program', async () => {
    const options = z.object(backendOptions).parse({ precision: 'mixed', engine: 'eager' });
    await expect(startChosenBackend(options, silentContext())).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('compiled engine') as string,
    });
  });
});
