import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import { packageIndexUrl, wheelUrl } from '../../../src/tensorflow/runtime/package-index.js';
import { findPip } from '../../../src/tensorflow/runtime/pip.js';
import { temporaryFolder } from '../../support/folders.js';
import { fakeWheel, servePackageIndex } from '../../support/package-index.js';

const systemPip = await findPip(process.env);
const never = new AbortController().signal;

/** A program that answers as pip does. */
async function fakePip(help: string): Promise<[string]> {
  const program = join(await temporaryFolder(), 'pip');
  await writeFile(program, `#!/bin/sh\ncat <<'END'\n${help}\nEND\n`);
  await chmod(program, 0o755);
  return [program];
}

describe('packageIndexUrl', () => {
  it('is PIP_INDEX_URL, without the slash at its end', async () => {
    const environment = { PIP_INDEX_URL: 'http://127.0.0.1:1/simple//' };
    expect(await packageIndexUrl(undefined, environment)).toBe('http://127.0.0.1:1/simple');
  });

  it.skipIf(!systemPip)('is otherwise what pip is configured for', async () => {
    const configuration = join(await temporaryFolder(), 'pip.conf');
    await writeFile(configuration, '[global]\nindex-url = http://127.0.0.1:1/a-rather-long-path/simple/\n');
    const environment: NodeJS.ProcessEnv = { ...process.env, PIP_CONFIG_FILE: configuration };
    delete environment['PIP_INDEX_URL'];
    const url = await packageIndexUrl(systemPip?.command, environment);
    expect(url).toBe('http://127.0.0.1:1/a-rather-long-path/simple');
  });

  it('is unknown without pip, and where pip names none', async () => {
    expect(await packageIndexUrl(undefined, {})).toBeUndefined();
    expect(await packageIndexUrl(await fakePip('Usage: pip download'), {})).toBeUndefined();
  });

  for (const address of [
    'http://user:secret@127.0.0.1/simple',
    'http://token@127.0.0.1/simple',
    '/a/folder',
  ]) {
    it(`leaves ${address} to pip`, async () => {
      expect(await packageIndexUrl(undefined, { PIP_INDEX_URL: address })).toBeUndefined();
    });
  }

  it('leaves to pip an address whose password pip hides', async () => {
    const help =
      '  -i, --index-url <url>  Base URL of the index (default http://user:****@127.0.0.1/simple).';
    expect(await packageIndexUrl(await fakePip(help), {})).toBeUndefined();
  });
});

describe('wheelUrl', () => {
  for (const format of ['json', 'html'] as const) {
    it(`resolves a link of a ${format} page`, async () => {
      const wheels = [fakeWheel(), fakeWheel('other')];
      const { url } = await servePackageIndex(wheels, { format });
      const [{ wheel }] = wheels as [(typeof wheels)[0]];
      const found = new URL(await wheelUrl(url.replace(/\/$/, ''), wheel, never));
      expect(found.origin).toBe(new URL(url).origin);
      expect(found.pathname).toBe(`/files/${wheel.file}`);
    });
  }

  it.each([
    ['tags that do not end', '<a href="x" '.repeat(200_000)],
    ['links without text', '<a href="x">'.repeat(200_000)],
    ['spaces', `<a href="x">${' '.repeat(2_000_000)}<a`],
    ['attributes', `<a ${'href="'.repeat(300_000)}`],
  ])('reads a hostile page in one pass: %s', async (_, page) => {
    const server = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(page);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    await expect(wheelUrl(`http://127.0.0.1:${port}`, fakeWheel().wheel, never)).rejects.toMatchObject({
      code: 'RUNTIME_INSTALL_FAILED',
      message: expect.stringContaining('does not list it') as string,
    });
  });

  it('says so when the wheel is not listed', async () => {
    const wheel = fakeWheel();
    const { url } = await servePackageIndex([wheel], { format: 'json' });
    const other = { ...wheel.wheel, file: 'another.whl' };
    await expect(wheelUrl(url.replace(/\/$/, ''), other, never)).rejects.toMatchObject({
      code: 'RUNTIME_INSTALL_FAILED',
      message: expect.stringMatching(/another\.whl.*does not list it/) as string,
    });
  });

  it('ends with the reason of an abort', async () => {
    const { url } = await servePackageIndex([], { format: 'json' });
    const aborted = AbortSignal.abort(new Error('stopped'));
    await expect(wheelUrl(url, fakeWheel().wheel, aborted)).rejects.toThrow('stopped');
  });
});
