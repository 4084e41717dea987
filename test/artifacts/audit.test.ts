import { createHash } from 'node:crypto';
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { AuditLog, type AuditEntry } from '../../src/artifacts/audit.js';
import { failureOf, toolkitError } from '../support/errors.js';
import { temporaryFolder } from '../support/folders.js';

const entry = (subject: string): AuditEntry => ({
  actor: 'tester',
  action: 'deploy',
  subject,
  details: { accuracy: 0.97, forced: false },
});

async function logOf(records: number): Promise<{ log: AuditLog; lines: string[] }> {
  const log = new AuditLog(join(await temporaryFolder(), 'audit.jsonl'));
  for (let index = 1; index <= records; index++) await log.append(entry(`digits/${index}`));
  return { log, lines: (await readFile(log.path, 'utf8').catch(() => '')).trimEnd().split('\n') };
}

/** Lines that continue a chain, as somebody else would write them. */
function continued(lines: readonly string[], count: number): string[] {
  const made: string[] = [];
  for (let index = 0; index < count; index++) {
    const last = made.at(-1) ?? lines.at(-1)!;
    const record = JSON.parse(last) as { sequence: number };
    made.push(JSON.stringify({ ...record, sequence: record.sequence + 1, previous: hashOf(last) }));
  }
  return made;
}

const hashOf = (line: string): string => createHash('sha256').update(line).digest('hex');

describe('the audit log', () => {
  it('chains each line to the one before by its SHA-256', async () => {
    const { log, lines } = await logOf(3);
    const previous = lines.map((line) => (JSON.parse(line) as { previous: string }).previous);
    expect(previous).toEqual(['0'.repeat(64), hashOf(lines[0]!), hashOf(lines[1]!)]);
    expect(await log.verify()).toEqual({ records: 3, head: hashOf(lines[2]!) });
    expect((await log.read()).map(({ sequence, subject }) => [sequence, subject])).toEqual([
      [1, 'digits/1'],
      [2, 'digits/2'],
      [3, 'digits/3'],
    ]);
  });

  it.each<[string, (lines: string[]) => string[], RegExp]>([
    ['changed', ([a, b, c]) => [a!, b!.replace('0.97', '0.99'), c!], /line 3: it does not follow/],
    ['removed', ([a, , c]) => [a!, c!], /line 2: its number is 3/],
    ['swapped', ([a, b, c]) => [b!, a!, c!], /line 1: its number is 2/],
    ['doubled', ([a, b, c]) => [a!, b!, b!, c!], /line 3: its number is 2/],
    ['removed at the start', ([, b, c]) => [b!, c!], /line 1: its number is 2/],
    ['no JSON', ([a, , c]) => [a!, '{', c!], /line 2/],
  ])('does not verify with a line that is %s', async (_, damage, message) => {
    const { log, lines } = await logOf(3);
    await writeFile(log.path, `${damage(lines).join('\n')}\n`);
    const error = await toolkitError('AUDIT_BROKEN', log.verify());
    expect(error.message).toMatch(message);
    expect(error.exitCode).toBe(3);
  });

  it('shows that its end was cut off to who kept the hash of it', async () => {
    const { log, lines } = await logOf(3);
    const { head } = await log.verify();
    await log.append(entry('digits/4'));
    expect((await log.verify(head)).records).toBe(4);
    // Its recorded head is gone, too.
    await rm(`${log.path}.head`);
    await writeFile(log.path, `${lines.slice(0, 2).join('\n')}\n`);
    expect((await log.verify()).records).toBe(2);
    expect((await toolkitError('AUDIT_BROKEN', log.verify(head))).message).toContain('cut off or rewritten');
  });

  it.each<[string, (lines: string[]) => string[]]>([
    ['its last line cut', ([a, b]) => [a!, b!]],
    ['no line left', () => []],
    ['another last line', ([a, b, c]) => [a!, b!, c!.replace('0.97', '0.99')]],
    ['lines that were not added by the program', (lines) => [...lines, ...continued(lines, 2)]],
  ])('does not verify with %s, and is not continued', async (_, damage) => {
    const { log, lines } = await logOf(3);
    const rest = damage(lines);
    await writeFile(log.path, rest.map((line) => `${line}\n`).join(''));
    await toolkitError('AUDIT_BROKEN', log.verify());
    await toolkitError('AUDIT_BROKEN', log.append(entry('digits/9')));
    expect((await readFile(log.path, 'utf8')).split('\n')).toHaveLength(rest.length + 1);
  });

  it('does not verify when the whole file is gone', async () => {
    const { log } = await logOf(3);
    await rm(log.path);
    await toolkitError('AUDIT_BROKEN', log.verify());
    await toolkitError('AUDIT_BROKEN', log.append(entry('digits/9')));
  });

  it('goes on where a process was killed before it recorded the head, and where an earlier version recorded none', async () => {
    const { log, lines } = await logOf(2);
    const head = await readFile(`${log.path}.head`);
    await log.append(entry('digits/3'));
    await writeFile(`${log.path}.head`, head);
    expect((await log.verify()).records).toBe(3);
    await log.append(entry('digits/4'));
    await rm(`${log.path}.head`);
    await log.append(entry('digits/5'));
    expect((await log.verify()).records).toBe(5);
    expect(lines).toHaveLength(2);
  });

  it.each(['{', '{"sequence":1}', 'x'.repeat(100_000)])('refuses a damaged head', async (head) => {
    const { log } = await logOf(1);
    await writeFile(`${log.path}.head`, head);
    await failureOf(log.verify());
    await failureOf(log.append(entry('digits/2')));
  });

  it('bounds what it reads of a line, and shortens what is too long for one', async () => {
    const { log } = await logOf(0);
    await log.append({
      ...entry('x'.repeat(5000)),
      actor: 'a'.repeat(5000),
      details: { text: 'y'.repeat(9999) },
    });
    expect((await log.verify()).records).toBe(1);
    await appendFile(log.path, 'z'.repeat(3 * 2 ** 20));
    expect((await toolkitError('AUDIT_BROKEN', log.verify())).message).toContain('line 2');
  });

  it('goes on after a write that was killed half-way', async () => {
    const { log } = await logOf(2);
    await appendFile(log.path, '{"sequence":3,"at":"20');
    await log.append(entry('digits/3'));
    expect((await log.verify()).records).toBe(3);
  });

  it('keeps its chain when several write at once', async () => {
    const { log } = await logOf(0);
    const others = Array.from({ length: 8 }, () => new AuditLog(log.path));
    await Promise.all(others.map((other, index) => other.append(entry(`digits/${index}`))));
    expect((await log.verify()).records).toBe(8);
    expect(new Set((await log.read()).map(({ subject }) => subject)).size).toBe(8);
  });

  it('says that there is none', async () => {
    const { log } = await logOf(0);
    await toolkitError('DATA_MISSING', log.verify());
  });
});
