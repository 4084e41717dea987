import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { silentContext, type ToolkitEvent } from '../../../src/core/events.js';
import { variantFolder } from '../../../src/tensorflow/runtime/locate.js';
import { probeNvidiaDriver } from '../../../src/tensorflow/runtime/nvidia-driver.js';
import { chooseVariant, obtainRuntime } from '../../../src/tensorflow/runtime/obtain.js';
import type { RuntimeVariant } from '../../../src/tensorflow/runtime/variants.js';
import { temporaryFolder } from '../../support/folders.js';
import { emptyVariant, SUFFIX } from '../../support/package-index.js';

const hasGpu = probeNvidiaDriver().found;

async function emptyEnvironment(offline?: string): Promise<NodeJS.ProcessEnv> {
  const cache = await temporaryFolder();
  return {
    PATH: join(cache, 'nowhere'),
    XDG_CACHE_HOME: cache,
    ...(offline !== undefined && { MNIST_OFFLINE: offline }),
  };
}

async function offlineWithCpuRuntime(): Promise<{ environment: NodeJS.ProcessEnv; folder: string }> {
  const environment = await emptyEnvironment('1');
  const folder = variantFolder(emptyVariant(), environment);
  await mkdir(join(folder, 'tensorflow'), { recursive: true });
  for (const name of ['cc', 'framework'])
    await writeFile(join(folder, 'tensorflow', `libtensorflow_${name}.${SUFFIX}`), '');
  return { environment, folder };
}

describe('obtainRuntime', () => {
  for (const offline of ['1', 'true']) {
    it(`installs nothing under MNIST_OFFLINE=${offline}`, async () => {
      const environment = await emptyEnvironment(offline);
      const obtained = obtainRuntime({ device: 'cpu', folder: undefined, environment }, silentContext());
      await expect(obtained).rejects.toMatchObject({
        code: 'RUNTIME_MISSING',
        exitCode: 4,
        message: expect.stringContaining('MNIST_OFFLINE') as string,
        hint: expect.stringContaining('mnist runtime install') as string,
      });
    });
  }

  for (const offline of [undefined, '', '0', 'false']) {
    it(`tries to install under MNIST_OFFLINE=${offline ?? 'unset'}, and says what that needs`, async () => {
      const environment = await emptyEnvironment(offline);
      const obtained = obtainRuntime({ device: 'cpu', folder: undefined, environment }, silentContext());
      await expect(obtained).rejects.toMatchObject({
        code: 'RUNTIME_MISSING',
        hint: expect.stringContaining('install pip') as string,
      });
    });
  }

  it('takes what is installed, offline too', async () => {
    const { environment, folder } = await offlineWithCpuRuntime();
    const { runtime, gpu } = await obtainRuntime(
      { device: 'cpu', folder: undefined, environment },
      silentContext(),
      () => ({ variant: emptyVariant(), gpu: undefined }),
    );
    expect(runtime.folder).toBe(folder);
    expect(gpu).toBeUndefined();
  });
});

describe('where a GPU’s runtime cannot be had', () => {
  const cuda = { name: 'cuda', tensorflow: '2.0.0', wheels: [], libraries: [] } as unknown as RuntimeVariant;
  const choose = (): ReturnType<typeof chooseVariant> => ({ variant: cuda, gpu: 'NVIDIA Test' });

  it('takes the one for the CPU that is there, and says so', async () => {
    const { environment, folder } = await offlineWithCpuRuntime();
    const warnings: ToolkitEvent[] = [];
    const context = { ...silentContext(), emit: (event: ToolkitEvent) => warnings.push(event) };
    const request = { device: 'auto', folder: undefined, environment } as const;
    const { runtime, gpu } = await obtainRuntime(request, context, choose, emptyVariant);
    expect([runtime.folder, gpu]).toEqual([folder, undefined]);
    expect(warnings).toMatchObject([{ event: 'warning', code: 'RUNTIME_MISSING' }]);
    expect(JSON.stringify(warnings)).toMatch(/MNIST_OFFLINE.*on the CPU.*not on NVIDIA Test/);
  });

  it('fails for those who ask for the GPU, and where there is none for the CPU either', async () => {
    const { environment } = await offlineWithCpuRuntime();
    const insisting = { device: 'gpu', folder: undefined, environment } as const;
    await expect(obtainRuntime(insisting, silentContext(), choose)).rejects.toMatchObject({
      code: 'RUNTIME_MISSING',
    });
    const nothing = {
      device: 'auto',
      folder: undefined,
      environment: await emptyEnvironment('1'),
    } as const;
    await expect(obtainRuntime(nothing, silentContext(), choose)).rejects.toMatchObject({
      code: 'RUNTIME_MISSING',
      message: expect.stringContaining('none for CUDA') as string,
    });
  });
});

describe('chooseVariant', () => {
  it('looks for no GPU when the CPU is to compute', () => {
    expect(chooseVariant('cpu')).toMatchObject({ variant: { name: 'cpu' }, gpu: undefined });
  });

  it.skipIf(hasGpu)('takes the CPU where there is no GPU, but not for those who ask for one', () => {
    expect(chooseVariant('auto')).toMatchObject({ variant: { name: 'cpu' }, gpu: undefined });
    expect(() => chooseVariant('gpu')).toThrow(
      expect.objectContaining({ code: 'DEVICE_UNAVAILABLE', exitCode: 4 }) as Error,
    );
  });

  it.skipIf(!hasGpu)('takes CUDA where there is a GPU', () => {
    expect(chooseVariant('auto')).toMatchObject({ variant: { name: 'cuda' } });
  });
});
