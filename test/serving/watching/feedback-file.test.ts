import { chmod, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { describe, expect, it } from 'vitest';

import {
  encodeFeedback,
  FEEDBACK_FILE,
  parseFeedback,
  sealedIn,
  type FeedbackRecord,
} from '../../../src/artifacts/feedback.js';
import { unsealBytes } from '../../../src/core/encryption/artifact-file.js';
import { withEncryption } from '../../../src/core/encryption/session.js';
import { writeFileAtomically } from '../../../src/core/files.js';
import { ageFixture, writeKeyFile } from '../../support/age.js';
import { FeedbackFile } from '../../../src/serving/watching/feedback-file.js';
import { failureOf } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';

const record = (index: number, caller = 'token 0123456789ab'): FeedbackRecord => ({
  ...{ time: '2026-01-02T03:04:05.678Z', caller, id: 'request', index, version: '7' },
  ...{ predicted: 0, label: 1, labelName: 'one', classNames: ['zero', 'one'], image: new Uint8Array(16) },
});
const LINE = Buffer.byteLength(encodeFeedback(record(0)));

/** A file for some lines, the folder that it is in, and why it refused labels. */
async function fileFor(
  lines: number,
  isShared = false,
): Promise<{ file: FeedbackFile; path: string; reasons: string[] }> {
  const folder = await temporaryFolder();
  const reasons: string[] = [];
  const options = {
    folder,
    maxBytes: lines * LINE + 1,
    isShared,
    onFull: (reason: string) => void reasons.push(reason),
  };
  return { file: new FeedbackFile(options), path: join(folder, FEEDBACK_FILE), reasons };
}

const linesOf = async (path: string): Promise<FeedbackRecord[]> =>
  (await readFile(path, 'utf8')).trimEnd().split('\n').map(parseFeedback);

it('holds what was labelled, and who did, for its owner alone', async () => {
  const { file, path, reasons } = await fileFor(9);
  await Promise.all([0, 1, 2].map((index) => file.append(record(index))));
  expect(await linesOf(path)).toEqual([0, 1, 2].map((index) => record(index)));
  expect((await stat(path)).mode & 0o077).toBe(0);
  expect(reasons).toEqual([]);
});

it('never grows beyond its limit, says so once, and goes on when there is room again', async () => {
  const { file, path, reasons } = await fileFor(3);
  const results = await Promise.allSettled(
    Array.from({ length: 9 }, (_, index) => file.append(record(index))),
  );
  expect(results.map(({ status }) => status)).toEqual([
    ...['fulfilled', 'fulfilled', 'fulfilled'],
    ...Array<string>(6).fill('rejected'),
  ]);
  expect((await stat(path)).size).toBe(3 * LINE);
  expect(await failureOf(file.append(record(9)))).toMatchObject({ code: 'FEEDBACK_FULL', status: 507 });
  expect(reasons).toEqual([expect.stringContaining(path)]);
  await rename(path, `${path}.1`);
  await file.append(record(10));
  expect(await linesOf(path)).toEqual([record(10)]);
});

it('counts what was there before', async () => {
  const { file, path } = await fileFor(2);
  await writeFile(path, encodeFeedback(record(0)));
  await file.append(record(1));
  expect(await failureOf(file.append(record(2)))).toMatchObject({ status: 507 });
  expect(await linesOf(path)).toEqual([0, 1].map((index) => record(index)));
});

it('begins a new line where a killed server left half of one', async () => {
  const { file, path } = await fileFor(9);
  await writeFile(path, encodeFeedback(record(0)).slice(0, 30));
  await file.append(record(1));
  const [half, whole] = (await readFile(path, 'utf8')).split('\n');
  expect(half).toHaveLength(30);
  expect(parseFeedback(whole!)).toEqual(record(1));
});

it('a folder that cannot be written to is a refusal with the reason, not a crash', async () => {
  const { file, path, reasons } = await fileFor(9);
  await mkdir(path);
  await chmod(path, 0o700);
  expect(await failureOf(file.append(record(0)))).toMatchObject({ code: 'FEEDBACK_FULL', status: 507 });
  expect(reasons).toEqual([expect.stringContaining(path)]);
});

describe('of several callers', () => {
  const [LOUD, QUIET, LATE] = ['token aaaaaaaaaaaa', 'token bbbbbbbbbbbb', 'token cccccccccccc'] as const;
  const stored = async (file: FeedbackFile, caller: string, tries: number): Promise<number> => {
    const results = await Promise.allSettled(
      Array.from({ length: tries }, (_, index) => file.append(record(index % 10, caller))),
    );
    return results.filter(({ status }) => status === 'fulfilled').length;
  };

  it('none fills more than half of what the others leave; that is said once for each', async () => {
    const { file, path, reasons } = await fileFor(80, true);
    expect(await stored(file, LOUD, 100)).toBe(39);
    expect(await stored(file, QUIET, 100)).toBe(20);
    expect(await stored(file, LOUD, 10)).toBe(0);
    expect(await stored(file, LATE, 5)).toBe(5);
    expect((await stat(path)).size).toBe(64 * LINE);
    expect(reasons).toEqual([LOUD, QUIET].map((caller) => expect.stringContaining(caller) as string));
    expect(await failureOf(file.append(record(0, LOUD)))).toMatchObject({
      code: 'FEEDBACK_FULL',
      status: 507,
    });
  });

  it('the shares outlive the server, and begin anew with a new file', async () => {
    const { file, path } = await fileFor(80, true);
    await stored(file, LOUD, 100);
    const again = new FeedbackFile({
      ...{ folder: dirname(path), maxBytes: 80 * LINE, isShared: true, onFull: () => undefined },
    });
    expect(await stored(again, LOUD, 10)).toBe(0);
    expect(await stored(again, QUIET, 10)).toBe(10);
    await rename(path, `${path}.1`);
    expect(await stored(again, LOUD, 10)).toBe(10);
  });
});

it('that is encrypted as a whole is not continued, and is left as it is', async () => {
  const { file, path, reasons } = await fileFor(9);
  const [recipient = ''] = ageFixture.recipients;
  await withEncryption({ encryptTo: [recipient] }, () => writeFileAtomically(path, 'labels'));
  const before = await readFile(path);
  await expect(file.append(record(0))).rejects.toMatchObject({ code: 'FEEDBACK_FULL' });
  expect(reasons).toEqual([expect.stringContaining('encrypted as a whole')]);
  expect((await readFile(path)).equals(before)).toBe(true);
});

it('is encrypted line by line for named recipients, who alone can read it', async () => {
  const [recipient = ''] = ageFixture.recipients;
  const { file, path } = await withEncryption({ encryptTo: [recipient] }, () => fileFor(99));
  for (const index of [0, 1]) await file.append(record(index));
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  const identity = await writeKeyFile(dirname(path), ageFixture.identities[0]!);
  await withEncryption({ identity }, async () => {
    for (const [index, line] of lines.entries()) {
      const opened = await unsealBytes(sealedIn(line)!, path);
      expect(parseFeedback(opened.toString())).toEqual(record(index));
    }
  });
  await expect(unsealBytes(sealedIn(lines[0]!)!, path)).rejects.toMatchObject({ code: 'ENCRYPTION_LOCKED' });
});
