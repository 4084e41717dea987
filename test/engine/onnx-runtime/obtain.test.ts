import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { create } from 'tar';
import { describe, expect, it } from 'vitest';

import { silentContext, type ToolkitEvent } from '../../../src/core/events.js';
import { sha256 } from '../../../src/core/hashing.js';
import { obtainOnnxRuntime } from '../../../src/engine/onnx-runtime/obtain.js';
import {
  ONNX_RUNTIME,
  pinnedFiles,
  type PinnedFiles,
} from '../../../src/engine/onnx-runtime/pinned-files.js';
import { temporaryFolder } from '../../support/folders.js';

const CONTENT = { 'entry.mjs': 'export {};', 'kernels.wasm': 'machine code' };

const pinnedAs = (content: Record<string, string>): PinnedFiles => ({
  wasm: new Map(Object.entries(content).map(([name, text]) => [name, sha256(text)])),
  webgpu: new Map(),
});

/** An empty cache, and an npm that has one package, or only a message. */
async function fakeNpm(message?: string): Promise<NodeJS.ProcessEnv> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'package', 'dist'), { recursive: true });
  const files = { ...CONTENT, 'unused.wasm': 'another build' };
  for (const [name, text] of Object.entries(files))
    await writeFile(join(folder, 'package', 'dist', name), text);
  const archive = join(folder, 'archive.tgz');
  await create({ file: archive, gzip: true, cwd: folder }, ['package']);
  const script =
    message === undefined
      ? `cp ${archive} "$5/" && echo "$2" >> ${folder}/asked`
      : `echo '${message}' >&2; exit 1`;
  await writeFile(join(folder, 'npm'), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, 'npm'), 0o755);
  return { PATH: `${folder}:/usr/bin:/bin`, XDG_CACHE_HOME: join(folder, 'cache'), FOLDER: folder };
}

const obtain = (
  environment: NodeJS.ProcessEnv,
  content = CONTENT,
  events: ToolkitEvent[] = [],
): Promise<string> => {
  const context = silentContext({ emit: (event) => events.push(event) });
  return obtainOnnxRuntime({ builds: ['wasm'], environment }, context, () => undefined, pinnedAs(content));
};

describe('obtainOnnxRuntime', () => {
  it('fetches the package once, says so, and keeps the files that are used', async () => {
    const environment = await fakeNpm();
    const events: ToolkitEvent[] = [];
    const folder = await obtain(environment, CONTENT, events);
    expect((await readdir(folder)).sort()).toEqual(Object.keys(CONTENT));
    expect(await obtain(environment, CONTENT, events)).toBe(folder);
    expect(events).toEqual([expect.objectContaining({ event: 'stage', stage: 'runtime' })]);
    expect(await readFile(join(environment['FOLDER']!, 'asked'), 'utf8')).toBe(`${ONNX_RUNTIME}\n`);
  });

  it('replaces a file that was changed', async () => {
    const environment = await fakeNpm();
    const folder = await obtain(environment);
    await writeFile(join(folder, 'entry.mjs'), 'something else');
    await obtain(environment);
    expect(await readFile(join(folder, 'entry.mjs'), 'utf8')).toBe(CONTENT['entry.mjs']);
  });

  it('takes nothing but what was published', async () => {
    const other = { ...CONTENT, 'entry.mjs': 'what was published' };
    await expect(obtain(await fakeNpm(), other)).rejects.toMatchObject({
      code: 'ONNX_RUNTIME_MISSING',
      hint: `run "npm install ${ONNX_RUNTIME}" where mnist-train is installed`,
    });
  });

  it('passes on what npm says, and asks nobody where MNIST_OFFLINE is set', async () => {
    const environment = await fakeNpm('npm error code E404\nnpm error 404 Not Found');
    await expect(obtain(environment)).rejects.toThrow('npm: 404 Not Found');
    await expect(obtain({ ...environment, MNIST_OFFLINE: '1' })).rejects.toThrow('MNIST_OFFLINE forbids');
  });

  it('finds the package that is installed here, whose files are those that are pinned', async () => {
    const environment = { XDG_CACHE_HOME: await temporaryFolder(), MNIST_OFFLINE: '1' };
    const folder = await obtainOnnxRuntime({ builds: ['wasm', 'webgpu'], environment }, silentContext());
    for (const files of Object.values(pinnedFiles)) {
      for (const [name, hash] of files) expect(sha256(await readFile(join(folder, name)))).toBe(hash);
    }
  });
});
