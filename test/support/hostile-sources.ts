import { execFileSync } from 'node:child_process';
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { isToolkitError } from '../../src/core/errors.js';
import { Random } from '../../src/core/random.js';
import { collect } from '../../src/index.js';
import { cifarRecord } from './cifar.js';
import { damage, damagedImage, goodImages, type HostileFile } from './hostile-images.js';
import { npyFile } from './npy.js';
import { zip, type ZipMember } from './zip.js';

/** What became of hostile sources. */
export interface Tally {
  inputs: number;
  taken: number;
  rejected: number;
  /** Sources that were refused as a whole, by the code of the error. */
  refused: Record<string, number>;
  slowestMs: number;
  slowest: string;
}

const LINKS = ['/etc/passwd', '../../../outside.png', 'nowhere.png', 'loop.png', '.'];
const MEMBERS = [
  '../outside.png',
  '/outside.png',
  '..\\outside.png',
  'c:\\outside.png',
  'a/../../outside.png',
  'a/\0.png',
  'a',
  '',
];

/**
 * Collects hostile sources until so many damaged files, rows and archives have been tried, and checks of each that it ends in a data set
 * or an error of the table, and that nothing lies anywhere but in the data set's folder. Throws where that does not hold.
 *
 * @param root an empty folder
 */
export async function collectHostile(root: string, seed: number, inputs: number): Promise<Tally> {
  const tally: Tally = { inputs: 0, taken: 0, rejected: 0, refused: {}, slowestMs: 0, slowest: '' };
  const good = await goodImages();
  await mkdir(join(root, 'data'), { recursive: true });
  for (let round = 0; tally.inputs < inputs; round++) {
    const random = new Random(seed, 'hostile', round);
    const makers = [hostileFolder, hostileArchive, hostileTable, hostileArrays, hostileRecords];
    const place = join(root, 'source');
    const made = await makers[round % makers.length]!(place, random, good);
    await tryOne(root, made.path, made.inputs, tally);
    await rm(place, { recursive: true, force: true });
  }
  return tally;
}

async function tryOne(root: string, from: string, inputs: number, tally: Tally): Promise<void> {
  const dataDir = join(root, 'data');
  const start = performance.now();
  try {
    const { manifest } = await collect({ dataset: 'hostile', dataDir, from });
    const { train, test, rejected } = manifest.imported?.images ?? { train: 0, test: 0, rejected: 0 };
    tally.taken += train + test;
    tally.rejected += rejected;
  } catch (error) {
    if (!isToolkitError(error) || error.code === 'UNEXPECTED') throw error;
    if (error.message.includes('\n'))
      throw new Error(`an error of several lines: ${JSON.stringify(error.message)}`, { cause: error });
    tally.refused[error.code] = (tally.refused[error.code] ?? 0) + 1;
  }
  // Of a folder of many files, what one of them takes.
  const milliseconds = (performance.now() - start) / (from.endsWith('folder') ? 1 : inputs);
  if (milliseconds > tally.slowestMs) [tally.slowestMs, tally.slowest] = [milliseconds, from];
  tally.inputs += inputs;
  await refuseStrays(root);
}

async function refuseStrays(root: string): Promise<void> {
  for (const [folder, allowed] of [
    [root, ['data', 'source']],
    [join(root, 'data'), ['hostile']],
    [join(root, 'data', 'hostile'), ['raw']],
  ] as const) {
    const strays = (await readdir(folder)).filter((name) => !(allowed as readonly string[]).includes(name));
    if (strays.length > 0) throw new Error(`${folder} holds ${strays.join(', ')}`);
  }
}

type Made = Promise<{ path: string; inputs: number }>;

async function hostileFolder(place: string, random: Random, good: readonly HostileFile[]): Made {
  const path = join(place, 'folder');
  await mkdir(join(path, 'sane'), { recursive: true });
  const classes = ['sane', 'ｗide', 'مرحبا', '..hidden', 'a\u202eb', ' '];
  const count = 40;
  for (let index = 0; index < count; index++) {
    const folder = join(path, classes[random.integer(classes.length)]!);
    await mkdir(folder, { recursive: true });
    const { name, content } = damagedImage(random, good, index);
    await writeFile(join(folder, name), content).catch(() => undefined);
  }
  await mkdir(join(path, 'sane', 'folder.png'));
  for (const [index, target] of LINKS.entries())
    await symlink(target, join(path, 'sane', `loop${index || ''}.png`));
  if (process.platform !== 'win32') execFileSync('mkfifo', [join(path, 'sane', 'pipe.png')]);
  for (const index of [0, 1]) await writeFile(join(path, 'sane', `good${index}.png`), good[0]!.content);
  return { path, inputs: count + LINKS.length + 2 };
}

async function hostileArchive(place: string, random: Random, good: readonly HostileFile[]): Made {
  await mkdir(place, { recursive: true });
  const members: ZipMember[] = good.map(({ name, content }) => ({ name: `ok/${name}`, content }));
  for (let index = 0; index < 8; index++) {
    const { name, content } = damagedImage(random, good, index);
    members.push({
      name: random.integer(2) === 0 ? `ok/${name}` : MEMBERS[random.integer(MEMBERS.length)]!,
      content,
    });
  }
  members.push({ name: 'ok/link.png', content: '../../../outside.png', mode: 0o120777 });
  const archive = zip(members);
  const path = join(place, 'archive.zip');
  await writeFile(path, random.integer(2) === 0 ? damage(random, archive) : archive);
  return { path, inputs: 9 };
}

async function hostileTable(place: string, random: Random, good: readonly HostileFile[]): Made {
  await mkdir(place, { recursive: true });
  for (const { name, content } of good) await writeFile(join(place, name), content);
  const names = [...MEMBERS, ...LINKS, ...good.map(({ name }) => name), '"', 'a.png\r', '\ufeffa.png'];
  const rows = Array.from({ length: 12 }, (_, index) => {
    const name = names[random.integer(names.length)]!;
    return random.integer(6) === 0
      ? `,${name},,`
      : `${name},${['cat', 'dog', '', '\u202e', '7.0'][index % 5]}`;
  });
  const text = Buffer.from(
    ['file,label', ...rows, 'a.png,cat', 'd.jpg,cat', 'f.webp,dog', 'g.webp,dog'].join('\n'),
  );
  const path = join(place, 'table.csv');
  await writeFile(path, random.integer(3) === 0 ? damage(random, text) : text);
  return { path, inputs: 12 };
}

async function hostileArrays(place: string, random: Random): Made {
  await mkdir(place, { recursive: true });
  const images = npyFile('|u1', [6, 8, 8], Buffer.alloc(6 * 64, random.integer(256)));
  const labels = npyFile('<i8', [6, 1], Buffer.alloc(6 * 8));
  const arrays: Record<string, Buffer> = {
    train_images: images,
    train_labels: labels,
    test_images: images,
    test_labels: labels,
  };
  const victim = Object.keys(arrays)[random.integer(4)]!;
  arrays[victim] = damage(random, Buffer.from(arrays[victim]!));
  const archive = zip(Object.entries(arrays).map(([name, content]) => ({ name: `${name}.npy`, content })));
  const path = join(place, 'arrays.npz');
  await writeFile(path, random.integer(3) === 0 ? damage(random, archive) : archive);
  return { path, inputs: 1 };
}

/** CIFAR in its binary version, of which one file is damaged. */
async function hostileRecords(place: string, random: Random): Made {
  const path = join(place, 'records');
  await mkdir(path, { recursive: true });
  const records = Buffer.concat([0, 1, 1].map((label) => cifarRecord([label], [random.integer(256), 9, 99])));
  const files: Record<string, Buffer> = {
    'batches.meta.txt': Buffer.from('abcdefghij'.split('').join('\n')),
    'data_batch_1.bin': records,
    'test_batch.bin': records,
  };
  const victim = Object.keys(files)[random.integer(3)]!;
  files[victim] = damage(random, Buffer.from(files[victim]!));
  for (const [name, content] of Object.entries(files)) await writeFile(join(path, name), content);
  return { path, inputs: 1 };
}
