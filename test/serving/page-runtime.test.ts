import { expect, it } from 'vitest';

import { ToolkitError } from '../../src/core/errors.js';
import { silentContext, type ToolkitEvent } from '../../src/core/events.js';
import { pageRuntime } from '../../src/serving/page-runtime.js';

const pathOf = async (files: ReturnType<typeof pageRuntime>, name: string): Promise<string> => {
  const path = files.get(name);
  return typeof path === 'function' ? path() : (path ?? '');
};

it('ONNX Runtime is asked for once, when a browser wants the first of its files', async () => {
  const builds: string[][] = [];
  const files = pageRuntime(silentContext(), (request) => {
    builds.push([...request.builds]);
    return Promise.resolve('/runtime');
  });
  expect(files.size).toBe(6);
  expect(builds).toEqual([]);
  const names = ['ort.wasm.min.mjs', 'ort.webgpu.min.mjs'];
  expect(await Promise.all(names.map((name) => pathOf(files, name)))).toEqual(
    names.map((name) => `/runtime/${name}`),
  );
  expect(builds).toEqual([['wasm', 'webgpu']]);
});

it('a client learns that it is missing, the person at the server what to install', async () => {
  const events: ToolkitEvent[] = [];
  const context = silentContext({ emit: (event) => events.push(event) });
  const files = pageRuntime(context, () =>
    Promise.reject(
      new ToolkitError('ONNX_RUNTIME_MISSING', { reason: '/secret/path', command: 'npm install it' }),
    ),
  );
  const refusal = pathOf(files, 'ort.wasm.min.mjs');
  await expect(refusal).rejects.toMatchObject({ code: 'ONNX_RUNTIME_MISSING', status: 503 });
  await expect(refusal).rejects.not.toThrow('/secret');
  expect(events).toEqual([
    expect.objectContaining({
      event: 'warning',
      hint: 'run "npm install it" where mnist-train is installed',
    }),
  ]);
});
