import { EventEmitter } from 'node:events';

import { describe, expect, it } from 'vitest';

import { watchSignals } from '../../src/cli/signals.js';

class FakeProcess extends EventEmitter {
  readonly exits: number[] = [];

  exit(code: number): void {
    this.exits.push(code);
  }
}

function watch(): { source: FakeProcess; watched: ReturnType<typeof watchSignals>; firsts: () => number } {
  const source = new FakeProcess();
  let firsts = 0;
  const watched = watchSignals(source, () => firsts++);
  return { source, watched, firsts: () => firsts };
}

describe('watchSignals', () => {
  it.each([
    ['SIGINT', 'INTERRUPTED', 130],
    ['SIGTERM', 'TERMINATED', 143],
    ['SIGHUP', 'HUNG_UP', 129],
  ])('%s ends the work with %s', (signal, code, exitCode) => {
    const { source, watched, firsts } = watch();
    source.emit(signal);
    expect(watched.signal.reason).toMatchObject({ code, exitCode });
    expect([firsts(), source.exits]).toEqual([1, []]);
  });

  it('a second signal ends the process at once, but a second SIGHUP does not', () => {
    const { source, firsts } = watch();
    source.emit('SIGHUP');
    source.emit('SIGHUP');
    expect(source.exits).toEqual([]);
    source.emit('SIGTERM');
    expect([firsts(), source.exits]).toEqual([1, [143]]);
  });

  it('leaves no listener behind', () => {
    const { source, watched } = watch();
    watched.release();
    expect(source.eventNames()).toEqual([]);
  });
});
