import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import koffi from 'koffi';
import { describe, expect, it } from 'vitest';

import { loadTensorFlow, preloadTensorFlow } from '../../../src/tensorflow/c-api/c-api.js';
import { EagerContext } from '../../../src/tensorflow/c-api/eager-context.js';
import type { Runtime } from '../../../src/tensorflow/runtime/found-runtime.js';
import { withoutErrorOutput } from '../../../src/tensorflow/c-api/logging.js';
import { errorOutputOf } from '../../support/error-output.js';
import { temporaryFolder } from '../../support/folders.js';
import { installedRuntime } from '../../support/tensorflow.js';

async function runtimeIn(make: (path: string) => Promise<void>): Promise<Runtime> {
  const folder = await temporaryFolder();
  const library = join(folder, 'libtensorflow_cc.so.2');
  const framework = join(folder, 'libtensorflow_framework.so.2');
  await make(library);
  await make(framework);
  return { origin: 'option', variant: 'unknown', version: undefined, folder, library, framework };
}

const refusalOf = ({ folder }: Runtime): Error =>
  expect.objectContaining({
    code: 'RUNTIME_UNUSABLE',
    exitCode: 4,
    message: expect.stringContaining(folder) as string,
  }) as Error;

describe('preloadTensorFlow', () => {
  it('refuses what is no library, on this thread and on the other', async () => {
    const none = await runtimeIn((path) => writeFile(path, 'not a library'));
    await expect(preloadTensorFlow(none)).rejects.toEqual(refusalOf(none));
    const { framework } = await installedRuntime();
    await expect(preloadTensorFlow({ ...none, framework })).rejects.toEqual(refusalOf(none));
  });

  it('loads the installed runtime, after which it is bound', async () => {
    const runtime = await installedRuntime();
    await preloadTensorFlow(runtime);
    expect(loadTensorFlow(runtime).TF_Version()).toMatch(/^2\.\d+\.\d+/);
  });
});

describe('loadTensorFlow', () => {
  it('refuses what is no library, with the words of the system’s loader', async () => {
    const runtime = await runtimeIn((path) => writeFile(path, 'not a library'));
    expect(() => loadTensorFlow(runtime)).toThrow(refusalOf(runtime));
    expect(() => loadTensorFlow(runtime)).toThrow(/libtensorflow_framework/);
  });

  it.runIf(process.platform === 'linux')('refuses a library that is not TensorFlow’s', async () => {
    const { sharedObjects } = process.report.getReport() as { sharedObjects: string[] };
    const other = sharedObjects.find((path) => /\/libm[.-]/.test(path)) ?? '';
    const runtime = await runtimeIn((path) => copyFile(other, path));
    expect(() => loadTensorFlow(runtime)).toThrow(refusalOf(runtime));
    expect(() => loadTensorFlow(runtime)).toThrow(/TF_Version/);
  });

  it('loads the installed runtime after those failures, without a word on standard error', async () => {
    const runtime = await installedRuntime();
    let version = '';
    const noise = errorOutputOf(() => {
      const api = loadTensorFlow(runtime);
      version = api.TF_Version();
      // Without a GPU, allowing one changes nothing.
      const context = new EagerContext(api, { threads: 1, useGpu: true, gpuMemoryGrowth: true });
      expect(context.device).toMatch(context.usesGpu ? /GPU:0$/ : /CPU:0$/);
    });
    expect(version).toMatch(/^2\.\d+\.\d+/);
    expect(noise).toBe('');
  });
});

describe('withoutErrorOutput', () => {
  const system = koffi.load(process.platform === 'darwin' ? 'libSystem.B.dylib' : 'libc.so.6');
  const write = system.func('int64_t write(int, const char*, size_t)') as (
    file: number,
    text: string,
    bytes: number,
  ) => number;

  it('hides what is written during the action, and nothing after it', () => {
    const output = errorOutputOf(() => {
      withoutErrorOutput(system, () => write(2, 'hidden', 6));
      write(2, 'shown', 5);
    });
    expect(output).toBe('shown');
  });

  it('gives standard error back when the action fails', () => {
    const output = errorOutputOf(() => {
      const fail = (): void => {
        throw new Error('failed');
      };
      expect(() => {
        withoutErrorOutput(system, fail);
      }).toThrow('failed');
      write(2, 'shown', 5);
    });
    expect(output).toBe('shown');
  });
});
