import { PassThrough } from 'node:stream';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { main } from '../../src/cli/main.js';
import type { ProcessIo } from '../../src/cli/process-io.js';
import { ageFixture, writeKeyFile } from '../support/age.js';
import { temporaryFolder } from '../support/folders.js';

/** Runs a command line in this process. */
async function run(
  words: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    streams[name].setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
  }
  const signals = { on: () => undefined, off: () => undefined, exit: () => undefined };
  const io = { ...streams, ...signals, stdin: new PassThrough(), env } as unknown as ProcessIo;
  const code = await main(words, io);
  return { code, ...texts };
}

it('the options reach what a command does, from flags and from the environment', async () => {
  const folder = await temporaryFolder();
  const identity = await writeKeyFile(folder, ageFixture.identities[0]!, 0o644);
  const [recipient = ''] = ageFixture.recipients;
  expect(await run(['keys', 'show', '--identity', identity])).toMatchObject({
    code: 0,
    stdout: `${recipient}\n`,
  });
  const shown = await run(['keys', 'show', '--json'], { MNIST_IDENTITY: identity });
  expect(shown.code).toBe(0);
  const events = shown.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(events).toMatchObject([
    { event: 'warning', code: 'SECRET_EXPOSED' },
    { event: 'result', recipients: [recipient] },
  ]);
});

it.each([
  [['keys', 'show'], 2, /no identity is given/],
  [['keys', 'show', '--identity', 'none.txt'], 6, /none\.txt: not a usable identity file: not found/],
  [['keys', 'show', '--encrypt-to', ''], 2, /--encrypt-to is \[\]/],
  [['runs', '--encrypt-to', 'age1mistyped'], 2, /"age1mistyped" is not a recipient/],
  [['keys', 'generate', 'x', '--output', 'y'], 2, /--output/],
])('a mistake is one line, with its exit code: mnist %j', async (words, expected, message) => {
  const { code, stderr, stdout } = await run(words, { MNIST_CHECKPOINTS_DIR: join(await temporaryFolder()) });
  expect(code).toBe(expected);
  expect(stderr.split('\n')[0]).toMatch(message);
  expect(stdout).toBe('');
});
