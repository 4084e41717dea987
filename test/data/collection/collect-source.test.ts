import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { sha256 } from '../../../src/core/hashing.js';
import { sourceKinds } from '../../../src/data/collection/kinds/index.js';
import { readRawFile } from '../../../src/artifacts/raw.js';
import { silentContext, type ToolkitEvent } from '../../../src/core/events.js';
import { collect } from '../../../src/index.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';
import { idxFile } from '../../support/idx.js';
import { importAndRead } from '../../support/imported.js';
import { picture, writeTree } from '../../support/pictures.js';
import { loopbackServer } from '../../support/server.js';
import { zip } from '../../support/zip.js';
import { exists } from '../../../src/core/files.js';

const hostileMembers = [
  '../escaped.png',
  '/escaped.png',
  'a/../../escaped.png',
  '..\\escaped.png',
  'c:/escaped.png',
];

async function archiveOfImages(): Promise<Buffer> {
  const content = await picture(5);
  return zip([
    ...['set/train/x/1.png', 'set/train/y/2.png', 'set/test/x/3.png'].map((name) => ({ name, content })),
    { name: 'set/train/x/link.png', content: '/etc/passwd', mode: 0o120777 },
    ...hostileMembers.map((name) => ({ name, content })),
    { name: 'set/train/x/1.png', content },
  ]);
}

/** A server with one file. */
async function serverOf(path: string, content: Buffer): Promise<string> {
  const { address } = await loopbackServer((request, response) => {
    if (request.url === path) response.end(content);
    else response.writeHead(404).end();
  });
  return `${address}${path}`;
}

describe('an archive', () => {
  it('is unpacked; members that lead out of it, links and doubles are listed, and nothing is left', async () => {
    const root = await temporaryFolder();
    const dataDir = join(root, 'data');
    const from = `${await writeTree(join(root, 'in'), { 'set.zip': await archiveOfImages() })}/set.zip`;
    const { manifest, train, test, rejected } = await importAndRead(from, {
      dataDir,
      licence: 'CC0',
      origin: 'me, 2026',
    });
    expect([train.labels, test.labels]).toEqual([[0, 1], [0]]);
    expect(manifest).toMatchObject({ licence: 'CC0', origin: 'me, 2026', classNames: ['x', 'y'] });
    expect(manifest.imported?.file).toMatchObject({
      name: 'set.zip',
      sha256: sha256(await archiveOfImages()),
    });
    // Zip files separate folders by slashes; backslashes are taken for them.
    const names = hostileMembers.map((name) => name.replaceAll('\\', '/'));
    expect(rejected.map(({ name }) => name)).toEqual(['set/train/x/link.png', ...names, 'set/train/x/1.png']);
    expect(rejected.at(-1)?.reason).toBe('a second member of this name');
    expect(await readdir(root)).toEqual(['data', 'in']);
    expect(await readdir(dataDir)).toEqual(['own']);
    expect(await readdir(join(dataDir, 'own'))).toEqual(['raw']);
  });

  it('that unpacks to a multiple of its size is refused, and leaves nothing', async () => {
    const { deflateRawSync } = await import('node:zlib');
    const bomb = deflatedZip('bomb.png', deflateRawSync(Buffer.alloc(80 * 2 ** 20)), 80 * 2 ** 20);
    const root = await temporaryFolder();
    await writeFile(join(root, 'bomb.zip'), bomb);
    const dataDir = join(root, 'data');
    const error = await toolkitError('SOURCE_REFUSED', importAndRead(join(root, 'bomb.zip'), { dataDir }));
    expect(error.message).toContain('it unpacks to more than');
    expect(await exists(dataDir)).toBe(false);
  });
});

/** A zip archive of one deflated member. */
function deflatedZip(name: string, data: Buffer, size: number): Buffer {
  const archive = zip([{ name, content: data }]);
  const central = archive.indexOf(Buffer.from('PK\x01\x02', 'latin1'));
  // In both headers: method 8, and how long it is unpacked.
  archive.writeUInt16LE(8, 8);
  archive.writeUInt32LE(size, 22);
  archive.writeUInt16LE(8, central + 10);
  archive.writeUInt32LE(size, central + 24);
  return archive;
}

describe('a third party’s address', () => {
  it('is fetched, checked against the pinned hash, and recorded', async () => {
    const archive = await archiveOfImages();
    const from = await serverOf('/sets/a%20set.zip', archive);
    const { manifest, train } = await importAndRead(from, { sha256: sha256(archive) });
    expect(train.labels).toEqual([0, 1]);
    expect(manifest.source).toBe(from);
    expect(manifest.imported?.file).toMatchObject({ bytes: archive.length, sha256: sha256(archive) });
  });

  it('of another file is refused, and not taken up again', async () => {
    const archive = await archiveOfImages();
    const dataDir = await temporaryFolder();
    const from = await serverOf('/set.zip', archive);
    const error = await toolkitError(
      'DOWNLOAD_FAILED',
      importAndRead(from, { dataDir, sha256: '0'.repeat(64) }),
    );
    expect(error.message).toContain(`SHA-256 is ${sha256(archive)}`);
    await importAndRead(from, { dataDir, sha256: sha256(archive) });
  });

  it('without a pinned hash is told to be pinned', async () => {
    const archive = await archiveOfImages();
    const events: ToolkitEvent[] = [];
    const context = silentContext({ emit: (event) => events.push(event) });
    const dataDir = await temporaryFolder();
    await collect({ dataset: 'own', dataDir, from: await serverOf('/set.zip', archive) }, context);
    const notices = events.flatMap((event) => (event.event === 'notice' ? [event.message] : []));
    expect(notices).toEqual([expect.stringContaining(`--sha256 ${sha256(archive)}`)]);
    expect(events).toContainEqual(expect.objectContaining({ event: 'warning', code: 'IMAGES_REJECTED' }));
    expect(events).toContainEqual(
      expect.objectContaining({ event: 'progress', unit: 'images', done: 3, total: 3 }),
    );
  });
});

it('the hash of a local file is checked, and a folder has none', async () => {
  const root = await temporaryFolder();
  await writeFile(join(root, 'set.zip'), await archiveOfImages());
  const options = { sha256: 'f'.repeat(64) };
  await toolkitError('DATA_REFUSED', importAndRead(join(root, 'set.zip'), options));
  await toolkitError('USAGE', importAndRead(root, options));
});

describe('an unrecognised source is refused', () => {
  it('with the known formats', async () => {
    const empty = await temporaryFolder();
    const error = await toolkitError('SOURCE_REFUSED', importAndRead(empty));
    expect(error.message).toBe(`${empty}: no images by class found`);
    for (const kind of sourceKinds.names) expect(error.hint).toContain(kind);
  });

  it('with the folder above, where it is the folder of one class', async () => {
    const root = await temporaryFolder();
    await writeTree(root, { 'cat/1.png': await picture(9) });
    const error = await toolkitError('SOURCE_REFUSED', importAndRead(join(root, 'cat')));
    expect(error.hint).toBe(`expected FOLDER/CLASS/image.png; did you mean --from ${root}?`);
  });
});

describe('published sets', () => {
  it('EMNIST’s images are turned and its letters counted from 0', async () => {
    const files: Record<string, Buffer> = {};
    const standing = Buffer.from(Array.from({ length: 784 }, (_, index) => (3 * index) % 256));
    for (const [split, count] of [
      ['train', 124_800],
      ['test', 20_800],
    ] as const) {
      const pixels = Buffer.alloc(count * 784);
      // Column by column, as EMNIST stores them.
      for (let row = 0; row < 28; row++) {
        for (let column = 0; column < 28; column++)
          pixels[784 + column * 28 + row] = standing[row * 28 + column]!;
      }
      const labels = Uint8Array.from({ length: count }, (_, index) => 1 + (index % 26));
      files[`gzip/emnist-letters-${split}-images-idx3-ubyte.gz`] = gzipSync(
        idxFile([count, 28, 28], pixels),
        { level: 1 },
      );
      files[`gzip/emnist-letters-${split}-labels-idx1-ubyte.gz`] = gzipSync(idxFile([count], labels));
    }
    const from = await writeTree(await temporaryFolder(), files);
    const raw = await collect({
      dataset: 'emnist-letters',
      dataDir: await temporaryFolder(),
      from: join(from, 'gzip'),
    });
    const { data } = await readRawFile(raw, 'train-images');
    expect(Buffer.from(data.subarray(784, 1568)).equals(standing)).toBe(true);
    expect([...(await readRawFile(raw, 'test-labels')).data.subarray(0, 3)]).toEqual([0, 1, 2]);
    expect(raw.manifest.classNames).toHaveLength(26);
  });

  it('another gzipped file than KMNIST’s is refused, and another archive than EMNIST’s', async () => {
    const root = await writeTree(await temporaryFolder(), {
      'train-images-idx3-ubyte.gz': gzipSync('x'),
      'gzip.zip': await archiveOfImages(),
    });
    const dataDir = await temporaryFolder();
    expect(
      (await toolkitError('DATA_REFUSED', collect({ dataset: 'kmnist', dataDir, from: root }))).message,
    ).toContain('expected 51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4');
    const from = join(root, 'gzip.zip');
    await toolkitError('DATA_REFUSED', collect({ dataset: 'emnist', dataDir, from }));
  });
});
