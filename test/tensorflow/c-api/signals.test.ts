import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, inject, it } from 'vitest';

import { koffi } from '../../../src/tensorflow/c-api/ffi.js';
import { protectFromSignals, withoutSignals } from '../../../src/tensorflow/c-api/signals.js';
import { temporaryFolder } from '../../support/folders.js';
import { openTensorFlow } from '../../support/tensorflow.js';

const isLinux = process.platform === 'linux';
const LAUNCHER = fileURLToPath(new URL('../../../bin/mnist.js', import.meta.url));
const SA_ONSTACK = 0x08000000;
const SIGHUP = 1;
const SIGUSR2 = 12;
const SIGCHLD = 17;
const SIGWINCH = 28;

/** Whether a signal has a handler, and whether that asks for the stack for signals. */
function handlerOf(signal: number): 'none' | 'on the stack' | 'on its own stack' {
  const sigaction = koffi.load('libc.so.6').func('int sigaction(int, void*, void*)') as (
    signal: number,
    action: null,
    before: Uint8Array,
  ) => number;
  const action = new Uint8Array(152);
  sigaction(signal, null, action);
  const view = new DataView(action.buffer);
  if (view.getBigUint64(0, true) <= 1n) return 'none';
  return (view.getUint32(136, true) & SA_ONSTACK) === 0 ? 'on the stack' : 'on its own stack';
}

/** The threads of this process, with whether each takes a resized terminal's signal. */
function threads(): Map<string, boolean> {
  const entries = readdirSync('/proc/self/task').map((id): [string, boolean] => {
    const blocked = /^SigBlk:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/self/task/${id}/status`, 'utf8'))?.[1];
    return [id, (BigInt(`0x${blocked ?? '0'}`) & (1n << BigInt(SIGWINCH - 1))) === 0n];
  });
  return new Map(entries);
}

it.skipIf(!isLinux)('handlers run on a stack of their own, also those that come later', () => {
  process.on('SIGUSR2', () => undefined);
  protectFromSignals(koffi.load('libc.so.6'));
  expect(handlerOf(SIGUSR2)).toBe('on its own stack');
  expect(handlerOf(SIGHUP)).toBe('none');
  const listener = (): void => undefined;
  for (let time = 0; time < 2; time++) {
    process.on('SIGHUP', listener);
    process.once('SIGWINCH', listener);
    expect([handlerOf(SIGHUP), handlerOf(SIGWINCH)]).toEqual(['on its own stack', 'on its own stack']);
    process.off('SIGHUP', listener);
    process.off('SIGWINCH', listener);
  }
  spawnSync('true');
  expect(handlerOf(SIGCHLD)).toBe('on its own stack');
  spawn('true').unref();
  expect(handlerOf(SIGCHLD)).toBe('on its own stack');
});

it.skipIf(!isLinux)('TensorFlow’s threads take no signals, and this one takes them as before', async () => {
  const before = threads();
  await openTensorFlow(2);
  const after = threads();
  const fresh = [...after].filter(([id]) => !before.has(id));
  expect(fresh.length).toBeGreaterThan(0);
  expect(fresh.filter(([, takes]) => takes)).toEqual([]);
  expect(after.get(String(process.pid))).toBe(true);
  expect(withoutSignals(() => threads().get(String(process.pid)))).toBe(false);
});

it.skipIf(!isLinux)(
  'training survives a storm of signals under the profiler',
  { timeout: 240_000 },
  async () => {
    for (let run = 0; run < 3; run++) {
      const cwd = await temporaryFolder();
      const words = [
        'train',
        '--engine',
        'eager',
        '--epochs',
        '1',
        '--threads',
        '2',
        '--validation-split',
        '0.9',
      ];
      const child = spawn(
        process.execPath,
        ['--cpu-prof', LAUNCHER, ...words, '--data-dir', inject('dataDir')],
        { cwd, stdio: 'ignore', env: { ...process.env, TF_ENABLE_ONEDNN_OPTS: '1' } },
      );
      const storm = setInterval(() => {
        child.kill('SIGWINCH');
        child.kill('SIGCHLD');
      }, 25);
      const ended = await new Promise((resolve) => {
        child.once('close', (code, signal) => {
          resolve([code, signal]);
        });
      });
      clearInterval(storm);
      expect(ended).toEqual([0, null]);
    }
  },
);
