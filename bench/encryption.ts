// Encryption at rest: agreement with the program age in both directions, mutations of an encrypted file, and how fast and with how much memory
// large files are written and read. Needs Debian's package age. Run it with
//   npm run bench:encryption -- [MEGABYTES] [MUTATIONS] [FOLDER]
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { artifactPieces, readArtifact, unsealBytes } from '../src/core/encryption/artifact-file.js';
import { createArtifact, sealBytes } from '../src/core/encryption/artifact-writer.js';
import { withEncryption } from '../src/core/encryption/session.js';
import { isToolkitError } from '../src/core/errors.js';

const [megabytes = '400', mutations = '10000', parent = tmpdir()] = process.argv.slice(2);
const PIECE = randomBytes(1 << 20);
const CHUNK = 65_536;
const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** Runs an action on so many MiB, and prints MiB/s by the clock and by processor time, and the growth of memory. */
async function timed(what: string, action: () => Promise<void>): Promise<void> {
  const [started, used, memory] = [performance.now(), process.cpuUsage(), process.memoryUsage.rss()];
  await action();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(used);
  const rate = (time: number): string => `${Math.round(Number(megabytes) / time)} MiB/s`;
  const grown = Math.round((process.memoryUsage.rss() - memory) / 2 ** 20);
  const cpu = (user + system) / 1e6;
  print(
    `${what.padEnd(28)} ${rate(seconds)} by the clock, ${rate(cpu)} of processor time, memory +${grown} MiB`,
  );
}

/** The SHA-256 of a large file's content. */
async function digest(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of artifactPieces(path)) hash.update(piece);
  return hash.digest('hex');
}

async function agreement(folder: string, identity: string, recipient: string): Promise<void> {
  const path = (name: string): string => join(folder, name);
  const age = (...words: string[]): Buffer => execFileSync('age', words, { maxBuffer: 1 << 28 });
  for (const size of [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 16 * CHUNK, 16 * CHUNK + 1, 50 * CHUNK + 7]) {
    const content = randomBytes(size);
    await writeFile(path('plain'), content);
    await writeFile(path('ours'), await sealBytes(content));
    if (!age('-d', '-i', identity, path('ours')).equals(content))
      throw new Error(`age misreads ${size} bytes`);
    for (const options of [[], ['-a']]) {
      age(...options, '-r', recipient, '-o', path('theirs'), path('plain'));
      if (!(await readArtifact(path('theirs'))).equals(content)) throw new Error(`misread ${size} bytes`);
    }
  }
  print('agrees with age in both directions, at sizes around chunks, with and without armor');
}

/** One change of a file: a bit, a cut, an insertion, or two pieces swapped. */
function mutated(file: Buffer): Buffer {
  const at = randomInt(file.length);
  const piece = file.subarray(at, at + 1 + randomInt(CHUNK));
  switch (randomInt(4)) {
    case 0: {
      const copy = Buffer.from(file);
      copy[at]! ^= 1 << randomInt(8);
      return copy;
    }
    case 1:
      return file.subarray(0, at);
    case 2:
      return Buffer.concat([file.subarray(0, at), randomBytes(1 + randomInt(40)), file.subarray(at)]);
    default: {
      const rest = file.subarray(at + piece.length);
      return Buffer.concat([file.subarray(0, at), rest, piece]);
    }
  }
}

async function mutate(): Promise<void> {
  const content = randomBytes(3 * CHUNK + 1000);
  const file = await sealBytes(content);
  const counts = { refused: 0, unencrypted: 0, unchanged: 0 };
  for (let index = 0; index < Number(mutations); index++) {
    const changed = mutated(file);
    if (changed.equals(file)) {
      counts.unchanged++;
      continue;
    }
    try {
      const read = await unsealBytes(changed, 'file');
      // Without its first line a file is no age file: it comes as it is, and no reader of ours takes it.
      if (!read.equals(changed)) throw new Error('a changed file was decrypted');
      counts.unencrypted++;
    } catch (error) {
      if (!isToolkitError(error)) throw error;
      counts.refused++;
    }
  }
  print(`${mutations} mutations: ${JSON.stringify(counts)}; none was decrypted`);
}

async function large(folder: string, identity: string): Promise<void> {
  const path = join(folder, 'large.age');
  await timed('encrypt', async () => {
    const writer = await createArtifact(path);
    for (let piece = 0; piece < Number(megabytes); piece++) await writer.write(PIECE);
    await writer.finish();
    await writer.close();
  });
  let hash = '';
  await timed('decrypt and hash', async () => {
    hash = await digest(path);
  });
  const plain = createHash('sha256');
  for (let piece = 0; piece < Number(megabytes); piece++) plain.update(PIECE);
  if (plain.digest('hex') !== hash) throw new Error('what was read is not what was written');
  execFileSync('age', ['-d', '-i', identity, '-o', join(folder, 'large'), path]);
  if ((await digest(join(folder, 'large'))) !== hash) throw new Error('age reads something else');
  print('age reads the large file, too');
}

const folder = await mkdtemp(join(parent, 'mnist-encryption-'));
try {
  const identity = join(folder, 'key.txt');
  execFileSync('age-keygen', ['-o', identity], { stdio: 'ignore' });
  const file = await open(identity);
  await file.chmod(0o600);
  await file.close();
  const [recipient = ''] = /age1\w+/.exec(await readFile(identity, 'utf8')) ?? [];
  await withEncryption({ encryptTo: [recipient], identity }, async () => {
    await agreement(folder, identity, recipient);
    await mutate();
    await large(folder, identity);
  });
} finally {
  await rm(folder, { recursive: true, force: true });
}
