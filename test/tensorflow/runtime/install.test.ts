import { access, mkdir, readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { silentContext, type ToolkitEvent } from '../../../src/core/events.js';
import { exists, fileSize } from '../../../src/core/files.js';
import { installRuntime, removeRuntime } from '../../../src/tensorflow/runtime/install.js';
import { findCached, variantFolder } from '../../../src/tensorflow/runtime/locate.js';
import { findPip } from '../../../src/tensorflow/runtime/pip.js';
import type { RuntimeVariant } from '../../../src/tensorflow/runtime/variants.js';
import { startProcess, type TestProcess } from '../../support/child-process.js';
import { temporaryFolder } from '../../support/folders.js';
import type { ChildTask } from '../../support/install-child.js';
import { fakeVariant, fakeWheel, servePackageIndex, SUFFIX } from '../../support/package-index.js';

const systemPip = await findPip(process.env);

/** An empty cache, no pip, and an index. */
async function environmentWith(indexUrl: string | undefined): Promise<NodeJS.ProcessEnv> {
  const cache = await temporaryFolder();
  const nowhere = join(cache, 'no-programs');
  await mkdir(nowhere);
  return { PATH: nowhere, XDG_CACHE_HOME: cache, ...(indexUrl && { PIP_INDEX_URL: indexUrl }) };
}

const downloadsIn = (environment: NodeJS.ProcessEnv): string =>
  join(environment['XDG_CACHE_HOME'] ?? '', 'mnist-train', 'downloads');

function installInChild(
  variant: RuntimeVariant,
  environment: NodeJS.ProcessEnv,
  freezeIn?: 'unpack',
): Promise<TestProcess> {
  const task: ChildTask = { variant, members: '^tensorflow/libtensorflow', freezeIn };
  return startProcess('./install-child.ts', [JSON.stringify(task)], environment);
}

describe('installRuntime', () => {
  for (const format of ['json', 'html'] as const) {
    it(`fetches the wheels that a ${format} index lists, and unpacks their libraries`, async () => {
      const wheels = [fakeWheel(), fakeWheel('other-libraries', 10)];
      const variant = fakeVariant(...wheels);
      const index = await servePackageIndex(wheels, { format });
      const environment = await environmentWith(index.url);
      const events: ToolkitEvent[] = [];

      const context = silentContext({ emit: (event) => events.push(event) });
      const runtime = await installRuntime(variant, environment, context);

      const folder = variantFolder(variant, environment);
      expect(runtime).toMatchObject({ origin: 'cache', variant: 'cpu', version: '2.21.0', folder });
      expect(await readFile(runtime.framework, 'utf8')).toBe('framework');
      // The second wheel's file of the same name came last.
      expect((await readFile(runtime.library)).length).toBe(10);
      expect((await stat(runtime.library)).mode & 0o777).toBe(0o755);
      expect((await readdir(folder)).sort()).toEqual(['runtime.json', 'tensorflow']);
      expect((await readdir(join(folder, 'tensorflow'))).sort()).toEqual([
        `libtensorflow_cc.${SUFFIX}`,
        `libtensorflow_framework.${SUFFIX}`,
      ]);
      expect(JSON.parse(await readFile(join(folder, 'runtime.json'), 'utf8'))).toMatchObject({
        variant: 'cpu',
        wheels: wheels.map(({ wheel: { file, sha256 } }) => ({ file, sha256 })),
      });
      expect(await exists(downloadsIn(environment))).toBe(false);
      expect(events[0]).toMatchObject({ event: 'stage', stage: 'runtime' });
      const tasks = events.flatMap((event) => (event.event === 'progress' ? [event.task] : []));
      expect(new Set(tasks)).toEqual(new Set(['download', 'unpack']));
      const downloaded = events.findLast((event) => event.event === 'progress' && event.task === 'download');
      const total = wheels.reduce((sum, { archive }) => sum + archive.length, 0);
      expect(downloaded).toMatchObject({ done: total, total });
    });
  }

  it('asks nobody when the runtime is there', async () => {
    const wheel = fakeWheel();
    const index = await servePackageIndex([wheel], { format: 'json' });
    const environment = await environmentWith(index.url);
    const first = await installRuntime(fakeVariant(wheel), environment, silentContext());
    const requests = index.requests.length;
    expect(await installRuntime(fakeVariant(wheel), environment, silentContext())).toEqual(first);
    expect(index.requests).toHaveLength(requests);
  });

  it('continues a download whose process was killed', async () => {
    const wheel = fakeWheel();
    const variant = fakeVariant(wheel);
    const index = await servePackageIndex([wheel], { format: 'json', stallAfter: 100_000 });
    const environment = await environmentWith(index.url);
    const partial = join(downloadsIn(environment), `${wheel.wheel.file}.partial`);

    const process = await installInChild(variant, environment);
    await expect.poll(() => fileSize(partial), { timeout: 20_000 }).toBe(100_000);
    process.child.kill('SIGKILL');
    await process.ended;
    expect(await findCached(variant, environment)).toBeUndefined();
    expect(await exists(variantFolder(variant, environment))).toBe(false);

    const runtime = await installRuntime(variant, environment, silentContext());
    expect((await readFile(runtime.library)).length).toBe(300_000);
    const ranges = index.requests.filter(({ path }) => path.startsWith('/files/')).map(({ range }) => range);
    expect(ranges).toEqual([undefined, 'bytes=100000-']);
  });

  it('leaves nothing half-done when it is killed while it unpacks, and needs no second download', async () => {
    const wheel = fakeWheel();
    const variant = fakeVariant(wheel);
    const index = await servePackageIndex([wheel], { format: 'json' });
    const environment = await environmentWith(index.url);
    const folder = variantFolder(variant, environment);

    const process = await installInChild(variant, environment, 'unpack');
    await process.printed('"task":"unpack"');
    process.child.kill('SIGKILL');
    expect(await process.ended).toBeNull();
    await access(`${folder}.unpacking`);
    expect(await exists(folder)).toBe(false);
    expect(await findCached(variant, environment)).toBeUndefined();

    const runtime = await installRuntime(variant, environment, silentContext());
    expect((await readFile(runtime.library)).length).toBe(300_000);
    expect(await exists(`${folder}.unpacking`)).toBe(false);
    expect(index.requests.filter(({ path }) => path.startsWith('/files/'))).toHaveLength(1);
  });

  it('installs once when two processes want it at once', async () => {
    const wheel = fakeWheel();
    const variant = fakeVariant(wheel);
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const index = await servePackageIndex([wheel], { format: 'json', gate });
    const environment = await environmentWith(index.url);

    const process = await installInChild(variant, environment);
    await process.printed('"stage":"runtime"');
    // The child holds the lock and waits for the index; only who waits for the lock opens the gate.
    const events: ToolkitEvent[] = [];
    const emit = (event: ToolkitEvent): void => {
      events.push(event);
      open();
    };
    const runtime = await installRuntime(variant, environment, silentContext({ emit }));

    expect(await process.ended).toBe(0);
    expect(runtime.folder).toBe(variantFolder(variant, environment));
    expect(events).toEqual([
      { event: 'notice', message: expect.stringContaining(`process ${process.child.pid ?? ''}`) as string },
    ]);
    expect(index.requests.filter(({ path }) => path.startsWith('/files/'))).toHaveLength(1);
  });

  it('refuses a wheel whose hash is not the pinned one', async () => {
    const wheel = fakeWheel();
    const index = await servePackageIndex([wheel], { format: 'json' });
    const environment = await environmentWith(index.url);
    const other = fakeVariant({ ...wheel, wheel: { ...wheel.wheel, sha256: 'a'.repeat(64) } });
    const install = installRuntime(other, environment, silentContext());
    await expect(install).rejects.toMatchObject({
      code: 'RUNTIME_INSTALL_FAILED',
      exitCode: 4,
      message: expect.stringContaining(wheel.wheel.sha256) as string,
    });
    expect(await exists(variantFolder(other, environment))).toBe(false);
    expect(await fileSize(join(downloadsIn(environment), wheel.wheel.file))).toBeUndefined();
  });

  it('refuses an index that does not know the wheel', async () => {
    const index = await servePackageIndex([], { format: 'json' });
    const install = installRuntime(
      fakeVariant(fakeWheel()),
      await environmentWith(index.url),
      silentContext(),
    );
    await expect(install).rejects.toMatchObject({
      code: 'RUNTIME_INSTALL_FAILED',
      message: expect.stringContaining('404') as string,
    });
  });

  it('says what to install where there is neither pip nor an index', async () => {
    const install = installRuntime(
      fakeVariant(fakeWheel()),
      await environmentWith(undefined),
      silentContext(),
    );
    await expect(install).rejects.toMatchObject({
      code: 'RUNTIME_MISSING',
      exitCode: 4,
      hint: expect.stringContaining('apt install python3-pip') as string,
    });
  });

  it('refuses before it downloads when the disk is too small', async () => {
    const wheel = fakeWheel();
    const index = await servePackageIndex([wheel], { format: 'json' });
    const variant = { ...fakeVariant(wheel), installedBytes: 1e18 };
    const install = installRuntime(variant, await environmentWith(index.url), silentContext());
    await expect(install).rejects.toMatchObject({ code: 'STORAGE_FULL' });
    expect(index.requests).toEqual([]);
  });

  it('ends with the reason of an abort, and keeps what has arrived', async () => {
    const wheel = fakeWheel();
    const index = await servePackageIndex([wheel], { format: 'json', stallAfter: 50_000 });
    const environment = await environmentWith(index.url);
    const abort = new AbortController();
    const emit = (event: ToolkitEvent): void => {
      if (event.event === 'progress' && event.done >= 50_000) abort.abort(new Error('stopped'));
    };
    const context = silentContext({ emit, signal: abort.signal });
    await expect(installRuntime(fakeVariant(wheel), environment, context)).rejects.toThrow('stopped');
    expect(await fileSize(join(downloadsIn(environment), `${wheel.wheel.file}.partial`))).toBe(50_000);
  });

  it.skipIf(!systemPip)('leaves an index with a password to pip, and tells nobody of it', async () => {
    const wheel = fakeWheel();
    const credentials = 'somebody:very-secret';
    const index = await servePackageIndex([wheel], { format: 'html', credentials });
    const environment = { ...(await environmentWith(index.url)), PATH: process.env['PATH'] };
    const events: ToolkitEvent[] = [];
    const context = silentContext({ emit: (event) => events.push(event) });
    const runtime = await installRuntime(fakeVariant(wheel), environment, context);
    expect((await readFile(runtime.library)).length).toBe(300_000);
    expect(index.requests.map(({ path }) => path)).toContain(`/files/${wheel.wheel.file}`);
    expect(JSON.stringify(events)).not.toContain('very-secret');
  });
});

describe('removeRuntime', () => {
  it('removes what is installed, and says whether there was anything', async () => {
    const wheel = fakeWheel();
    const variant = fakeVariant(wheel);
    const index = await servePackageIndex([wheel], { format: 'json' });
    const environment = await environmentWith(index.url);
    expect(await removeRuntime(variant, environment)).toBe(false);
    await installRuntime(variant, environment, silentContext());
    expect(await removeRuntime(variant, environment)).toBe(true);
    expect(await findCached(variant, environment)).toBeUndefined();
    expect(await removeRuntime(variant, environment)).toBe(false);
  });
});
