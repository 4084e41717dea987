import { readFileSync, realpathSync } from 'node:fs';

import koffi from 'koffi';
import { describe, expect, it } from 'vitest';

import { releaseStartupPages } from '../../../src/tensorflow/c-api/unused-memory.js';

/** How much of a library's code is in this process's memory, in KiB. */
function residentCode(path: string): number {
  const mappings = readFileSync('/proc/self/smaps', 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  const code = mappings.filter((text) => text.startsWith(' r-xp', text.indexOf(' ')) && text.includes(path));
  return code.reduce((sum, text) => sum + Number(/^Rss: +(\d+) kB/m.exec(text)?.[1]), 0);
}

describe.runIf(process.platform === 'linux')('releaseStartupPages', () => {
  it('takes a library’s code out of memory, which comes back when it runs', () => {
    const { sharedObjects } = process.report.getReport() as { sharedObjects: string[] };
    const path = realpathSync(sharedObjects.find((name) => /\/libm[.-]/.test(name))!);
    const cos = koffi.load(path).func('double cos(double)') as (angle: number) => number;
    expect(cos(0)).toBe(1);
    const before = residentCode(path);
    expect(before).toBeGreaterThan(0);
    releaseStartupPages(koffi.load('libc.so.6'), [path]);
    expect(residentCode(path)).toBeLessThan(before);
    expect(cos(Math.PI)).toBe(-1);
  });
});
