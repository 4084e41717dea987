import { mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { withLock } from '../../src/core/lock.js';
import { isAlive, thisProcess } from '../../src/core/processes.js';
import { bundleProgram, startChild } from '../support/child.js';
import { failureOf, toolkitError } from '../support/errors.js';
import { temporaryFolder } from '../support/folders.js';

const HOLDER = `
  import { withLock } from './src/core/lock.ts';
  await withLock(process.argv[2], { waitMs: 0 }, async () => {
    console.log('holding');
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  });`;

/** Adds one to a number in a file, in two steps that only a lock keeps together. */
const COUNTER = `
  import { readFile, writeFile } from 'node:fs/promises';
  import { withLock } from './src/core/lock.ts';
  const [, , lock, counter] = process.argv;
  for (let round = 0; round < 5; round++) {
    await withLock(lock, { waitMs: Infinity }, async () => {
      const value = Number(await readFile(counter, 'utf8'));
      await new Promise((resolve) => setTimeout(resolve, 5));
      await writeFile(counter, String(value + 1));
    });
  }`;

const refuse = { waitMs: 0 };
const done = (): Promise<string> => Promise.resolve('done');

/** A lock file as a process with some identity would have left it. */
async function leaveLock(path: string, identity: object): Promise<void> {
  await writeFile(path, JSON.stringify({ id: 'left', ...thisProcess(), ...identity }));
}

async function startHolder(folder: string, lock: string): Promise<ReturnType<typeof startChild>> {
  const child = startChild(process.execPath, [await bundleProgram(HOLDER, folder), lock]);
  await child.said('holding');
  return child;
}

describe('withLock', () => {
  it('gives the action’s result, passes its error on, and leaves no file', async () => {
    const folder = await temporaryFolder();
    const lock = join(folder, 'made', 'lock');
    expect(await withLock(lock, refuse, done)).toBe('done');
    const error = new Error('from the action');
    expect(await failureOf(withLock(lock, refuse, () => Promise.reject(error)))).toBe(error);
    expect(await readdir(join(folder, 'made'))).toEqual([]);
  });

  it('lets one process at a time in', async () => {
    const folder = await temporaryFolder();
    const [lock, counter] = [join(folder, 'lock'), join(folder, 'counter')];
    await writeFile(counter, '0');
    const program = await bundleProgram(COUNTER, folder);
    const children = Array.from({ length: 4 }, () => startChild(process.execPath, [program, lock, counter]));
    const ends = await Promise.all(children.map((child) => child.ended));
    expect(ends.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(await readFile(counter, 'utf8')).toBe('20');
  });

  it('refuses a folder that another process works in, and names that process', async () => {
    const folder = await temporaryFolder();
    const lock = join(folder, 'lock');
    const child = await startHolder(folder, lock);
    const error = await toolkitError('FOLDER_BUSY', withLock(lock, refuse, done));
    expect(error.message).toBe(`${folder}: in use by process ${child.process.pid} on ${hostname()}`);
  });

  it('takes the lock of a killed process over, while several wait for it', async () => {
    const folder = await temporaryFolder();
    const lock = join(folder, 'lock');
    const child = await startHolder(folder, lock);
    const waited: string[] = [];
    let inside = 0;
    const waiting = Array.from({ length: 4 }, (_, index) =>
      withLock(lock, { waitMs: Infinity, onWait: (owner) => waited.push(owner) }, async () => {
        inside++;
        await new Promise((resolve) => setTimeout(resolve, 20));
        expect(inside).toBe(1);
        inside--;
        return index;
      }),
    );
    while (waited.length < 4) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(new Set(waited)).toEqual(new Set([`process ${child.process.pid} on ${hostname()}`]));
    child.process.kill('SIGKILL');
    expect(await Promise.all(waiting)).toEqual([0, 1, 2, 3]);
    expect((await readdir(folder)).filter((name) => name.startsWith('lock'))).toEqual([]);
  });

  it.skipIf(process.platform !== 'linux')(
    'takes over from a dead process whose number a living one has now',
    async () => {
      const lock = join(await temporaryFolder(), 'lock');
      await leaveLock(lock, { started: '1' });
      expect(await withLock(lock, refuse, done)).toBe('done');
    },
  );

  it.each([{ host: 'another-machine' }, { namespace: 'pid:[1]' }])(
    'goes by the signs of life of a process that it cannot see (%j)',
    async (identity) => {
      const lock = join(await temporaryFolder(), 'lock');
      await leaveLock(lock, { process: 2 ** 22 + 1, ...identity });
      await toolkitError('FOLDER_BUSY', withLock(lock, refuse, done));
      const longAgo = new Date(Date.now() - 60_000);
      await utimes(lock, longAgo, longAgo);
      expect(await withLock(lock, refuse, done)).toBe('done');
    },
  );

  it('takes over a lock file without an owner only when it is old', async () => {
    const lock = join(await temporaryFolder(), 'lock');
    await writeFile(lock, '');
    const error = await toolkitError('FOLDER_BUSY', withLock(lock, refuse, done));
    expect(error.message).toContain('another process');
    await utimes(lock, 0, 0);
    expect(await withLock(lock, refuse, done)).toBe('done');
  });

  it.each<[string, string | object]>([
    ['process 0', { process: 0 }],
    ['a group of processes', { process: -1 }],
    ['a huge number', { process: 1e308 }],
    ['2^32', { process: 2 ** 32 }],
    ['half a process', { process: 1.5 }],
    ['a text', { process: '1' }],
    ['nothing', { process: null }],
    ['a living process that does not say since when', { started: '' }],
    ['a start that is no text', { started: [1] }],
    ['no identity', { id: '' }],
    ['a host of megabytes', { host: 'x'.repeat(3_000_000) }],
    ['a list', '[]'],
    ['null', 'null'],
    ['a prototype', '{"__proto__":{"process":1}}'],
    ['a number', '1e999'],
  ])('is not blocked for ever by a lock file of %s', async (_, content) => {
    const lock = join(await temporaryFolder(), 'lock');
    if (typeof content === 'string') await writeFile(lock, content);
    else await leaveLock(lock, content);
    const error = await toolkitError('FOLDER_BUSY', withLock(lock, refuse, done));
    expect(error.hint).toContain(lock);
    expect(await withLock(lock, { waitMs: Infinity, staleMs: 200 }, done)).toBe('done');
  });

  it.each([{ host: 'another-machine' }, { process: 0 }])(
    'takes over from a holder whose last sign of life lies in the future when no other comes (%j)',
    async (identity) => {
      const lock = join(await temporaryFolder(), 'lock');
      await leaveLock(lock, identity);
      const future = new Date(Date.now() + 1e9);
      await utimes(lock, future, future);
      expect(await withLock(lock, { waitMs: 0, staleMs: 300 }, done)).toBe('done');
    },
  );

  it('does not take over from a living holder whose clock is ahead', async () => {
    const lock = join(await temporaryFolder(), 'lock');
    await leaveLock(lock, { host: 'another-machine' });
    let time = Date.now() + 1e9;
    const alive = setInterval(() => {
      time += 1000;
      void utimes(lock, new Date(time), new Date(time)).catch(() => undefined);
    }, 50);
    try {
      await toolkitError('FOLDER_BUSY', withLock(lock, { waitMs: 0, staleMs: 2000 }, done));
    } finally {
      clearInterval(alive);
    }
  });

  it('is not blocked by what breakers left, whatever its time', async () => {
    const lock = join(await temporaryFolder(), 'lock');
    await leaveLock(lock, { started: '1', process: 2 ** 22 + 1 });
    await writeFile(`${lock}.breaking`, '');
    const future = new Date(Date.now() + 1e9);
    await utimes(`${lock}.breaking`, future, future);
    expect(await withLock(lock, refuse, done)).toBe('done');
  });

  it('names what is in the way of its file', async () => {
    const folder = await temporaryFolder();
    const lock = join(folder, 'lock');
    await mkdir(lock);
    expect((await toolkitError('STORAGE_DENIED', withLock(lock, refuse, done))).message).toContain(lock);
    const link = join(folder, 'link');
    await symlink(join(folder, 'nowhere'), link);
    await toolkitError('STORAGE_DENIED', withLock(link, { waitMs: Infinity }, done));
  });

  it('stops waiting when it is aborted, and gives the reason', async () => {
    const folder = await temporaryFolder();
    const lock = join(folder, 'lock');
    const stop = new AbortController();
    const reason = new Error('stopped');
    let ran = false;
    const outcome = await failureOf(
      withLock(lock, refuse, () =>
        withLock(
          lock,
          {
            waitMs: Infinity,
            signal: stop.signal,
            onWait: () => {
              stop.abort(reason);
            },
          },
          () => Promise.resolve((ran = true)),
        ),
      ),
    );
    expect(outcome).toBe(reason);
    expect(ran).toBe(false);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is refused where no lock file can be written', async () => {
    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, '');
    await toolkitError('STORAGE_DENIED', withLock(join(file, 'lock'), refuse, done));
  });
});

describe('isAlive', () => {
  it('knows this process, one that has ended, and one that it cannot see', async () => {
    expect(isAlive(thisProcess())).toBe(true);
    const child = startChild(process.execPath, ['-e', '']);
    const identity = { ...thisProcess(), process: child.process.pid ?? 0, started: '' };
    await child.ended;
    expect(isAlive(identity)).toBe(false);
    expect(isAlive({ ...thisProcess(), host: 'another-machine' })).toBeUndefined();
  });
});
