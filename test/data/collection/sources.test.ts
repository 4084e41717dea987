import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { describe, expect, it } from 'vitest';

import { candidateNames, folderSource, mirrorSource } from '../../../src/data/collection/sources.js';
import { silentContext, type ToolkitEvent } from '../../../src/core/events.js';
import { exists } from '../../../src/core/files.js';
import { failureOf, toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';
import { loopbackServer, type LoopbackServer } from '../../support/server.js';

it('candidateNames are those under which the files are published', () => {
  expect(candidateNames('test-labels')).toEqual([
    't10k-labels-idx1-ubyte.gz',
    't10k-labels-idx1-ubyte',
    't10k-labels.idx1-ubyte.gz',
    't10k-labels.idx1-ubyte',
  ]);
});

describe('folderSource', () => {
  it.each(candidateNames('train-images'))('finds %s', async (name) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, name), 'x');
    const path = join(folder, name);
    expect(await folderSource(folder).fetch('train-images')).toEqual({ path, name: path });
  });

  it('names itself by its full path', () => {
    expect(folderSource('some/folder').description).toBe(resolve('some/folder'));
  });

  it('says which names it looked for', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'train-images-idx3-ubyte'));
    const error = await toolkitError('DATA_MISSING', folderSource(folder).fetch('train-images'));
    for (const name of candidateNames('train-images')) expect(error.hint).toContain(name);
  });

  it('says that the folder itself is missing', async () => {
    const folder = join(await temporaryFolder(), 'none');
    const error = await toolkitError('DATA_MISSING', folderSource(folder).fetch('train-images'));
    expect(error.message).toBe(`${folder}: not found`);
  });
});

describe('mirrorSource', () => {
  /** A mirror that has some files, by their path, each with its name for contents. */
  const mirrorOf = (...paths: string[]): Promise<LoopbackServer> =>
    loopbackServer((request, response) => {
      const path = request.url ?? '';
      if (paths.includes(path)) response.end(`contents of ${path}`);
      else response.writeHead(404).end();
    });

  it.each(candidateNames('train-images'))('finds %s, also below a path', async (name) => {
    const { address } = await mirrorOf(`/some/path/${name}`);
    const work = join(await temporaryFolder(), 'work');
    const source = mirrorSource(`${address}/some/path`, work, silentContext());
    const found = await source.fetch('train-images');
    expect(found.name).toBe(`${address}/some/path/${name}`);
    expect(await readFile(found.path, 'utf8')).toBe(`contents of /some/path/${name}`);
    await source.cleanUp();
    expect(await exists(work)).toBe(false);
  });

  it('keeps what has arrived, and tells the progress', async () => {
    const { address, requests } = await mirrorOf('/train-images-idx3-ubyte.gz');
    const work = await temporaryFolder();
    const events: ToolkitEvent[] = [];
    const context = silentContext({ emit: (event) => events.push(event) });
    const first = await mirrorSource(address, work, context).fetch('train-images');
    expect(await mirrorSource(`${address}/`, work, context).fetch('train-images')).toEqual(first);
    expect(requests).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({
      event: 'progress',
      task: 'download train-images-idx3-ubyte.gz',
      unit: 'bytes',
    });
  });

  it('takes nothing that came from another mirror', async () => {
    const [one, two] = [
      await mirrorOf('/train-images-idx3-ubyte'),
      await mirrorOf('/b/train-images-idx3-ubyte'),
    ];
    const work = await temporaryFolder();
    await mirrorSource(one.address, work, silentContext()).fetch('train-images');
    const found = await mirrorSource(`${two.address}/b`, work, silentContext()).fetch('train-images');
    expect(await readFile(found.path, 'utf8')).toBe('contents of /b/train-images-idx3-ubyte');
  });

  it('fails with the first answer where the mirror has none of the names', async () => {
    const { address, requests } = await mirrorOf();
    const source = mirrorSource(address, await temporaryFolder(), silentContext());
    const error = await toolkitError('DOWNLOAD_FAILED', source.fetch('test-labels'));
    expect(error.message).toContain('t10k-labels-idx1-ubyte.gz: the server answered 404');
    expect(requests).toHaveLength(4);
  });

  it('tries no other name where the failure is another', async () => {
    const { address, requests } = await loopbackServer((_, response) => response.writeHead(401).end());
    const source = mirrorSource(address, await temporaryFolder(), silentContext());
    await toolkitError('DOWNLOAD_FAILED', source.fetch('test-labels'));
    expect(requests).toHaveLength(1);
  });

  it('stops when it is aborted', async () => {
    const stop = new AbortController();
    const reason = new Error('interrupted');
    const { address } = await loopbackServer(() => {
      stop.abort(reason);
    });
    const source = mirrorSource(address, await temporaryFolder(), silentContext({ signal: stop.signal }));
    expect(await failureOf(source.fetch('test-labels'))).toBe(reason);
  });

  it('refuses an address that is none', async () => {
    const work = await temporaryFolder();
    await toolkitError('DOWNLOAD_FAILED', () => mirrorSource('http://', work, silentContext()));
  });
});
