import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import {
  asToolkitError,
  errorKinds,
  systemCodeOf,
  ToolkitError,
  type ErrorCode,
} from '../../src/core/errors.js';

const TABLE = join('src', 'core', 'errors.ts');
const codes = Object.keys(errorKinds) as ErrorCode[];

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && join('src', name) !== TABLE)
  .map((name) => readFileSync(join('src', name), 'utf8'))
  .join('\n');

/** Codes that a part raises which this version may not have yet; where it has the part, the code must be used. */
const raisedBy: Partial<Record<ErrorCode, string>> = {
  COMMAND_UNKNOWN: 'src/cli/main.ts',
  USAGE: 'src/cli/main.ts',
  INTERRUPTED: 'src/cli/main.ts',
  TERMINATED: 'src/cli/main.ts',
  RUN_EXISTS: 'src/stages/train/train.ts',
  RESUME_CONFLICT: 'src/stages/train/train.ts',
  BACKEND_LACKS_KERNELS: 'src/stages/train/train.ts',
  QUALITY_GATE_NOT_MET: 'src/stages/evaluate/evaluate.ts',
};

/** The rows of docs/errors.md: each code, its exit code, its meaning, and what to do. */
const documented = [
  ...readFileSync('docs/errors.md', 'utf8').matchAll(/^\| `([A-Z_]+)` \| (\d+) \| (.+?) \| (.+?) \|$/gm),
].map(([, code, exitCode, meaning, advice]) => ({ code, exitCode: Number(exitCode), meaning, advice }));

describe('the table of errors', () => {
  it('has no code twice', () => {
    const written = [...readFileSync(TABLE, 'utf8').matchAll(/^ {2}([A-Z_]+): kind</gm)].map(
      ([, code]) => code,
    );
    expect(written).toEqual(codes);
    expect(new Set(written).size).toBe(written.length);
  });

  const present = codes.filter((code) => existsSync(raisedBy[code] ?? TABLE));
  it.each(present)('%s is raised somewhere', (code) => {
    // The catch-all for everything else stands beside the table.
    const uses = code === 'UNEXPECTED' ? readFileSync(TABLE, 'utf8') : sources;
    expect(uses).toContain(`'${code}'`);
  });

  it('is documented in docs/errors.md, in full and without a code too many', () => {
    const rows = documented.map(({ code, exitCode }) => [code, exitCode]);
    const table = codes.map((code) => [code, errorKinds[code].exitCode]);
    expect(rows.sort()).toEqual(table.sort());
  });

  it.each(documented)('docs/errors.md says what $code means and what to do', ({ meaning, advice }) => {
    expect(meaning?.length).toBeGreaterThan(15);
    expect(advice?.length).toBeGreaterThan(10);
  });

  it('has messages and hints of one line, whatever the details', () => {
    const details = new Proxy({}, { get: (_, name) => `<${String(name)}>` });
    for (const code of codes) {
      const error = new ToolkitError(code, details as never);
      expect(error.message).toMatch(/^[^\n]+$/);
      expect(error.hint).toMatch(/^[^\n]+$/);
      expect(error.message + error.hint).not.toContain('undefined');
    }
  });
});

it('an error carries its code, exit code, hint and cause', () => {
  const cause = new Error('EACCES');
  const error = new ToolkitError('DATA_UNREADABLE', { path: 'x.gz', reason: 'EACCES' }, { cause });
  expect(error).toMatchObject({
    name: 'ToolkitError',
    code: 'DATA_UNREADABLE',
    exitCode: 3,
    message: 'x.gz: cannot be read (EACCES)',
    hint: 'check that the file exists and is readable',
    cause,
  });
});

describe('asToolkitError', () => {
  it('leaves an error of the table as it is', () => {
    const error = new ToolkitError('INTERRUPTED', { hint: '' });
    expect(asToolkitError(error)).toBe(error);
  });

  it.each([
    [new TypeError('x is not a function'), 'x is not a function'],
    ['a text', 'a text'],
    [undefined, 'undefined'],
  ])('makes %s an unexpected one, with its cause', (thrown, message) => {
    expect(asToolkitError(thrown)).toMatchObject({ code: 'UNEXPECTED', exitCode: 1, message, cause: thrown });
  });
});

it('systemCodeOf knows errors of the system from others', () => {
  expect(systemCodeOf(Object.assign(new Error('x'), { code: 'ENOENT' }))).toBe('ENOENT');
  expect(systemCodeOf(Object.assign(new Error('x'), { code: 7 }))).toBeUndefined();
  expect(systemCodeOf({ code: 'ENOENT' })).toBeUndefined();
});

it.each([
  new RangeError('Array buffer allocation failed'),
  new RangeError('WebAssembly.Memory(): could not allocate memory'),
  Object.assign(new Error('ENOMEM: not enough memory, read'), { code: 'ENOMEM' }),
])('%s is OUT_OF_MEMORY', (thrown) => {
  expect(asToolkitError(thrown)).toMatchObject({ code: 'OUT_OF_MEMORY', exitCode: 1 });
});
