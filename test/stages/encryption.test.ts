import { readdir, readFile } from 'node:fs/promises';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';
import { expect, it } from 'vitest';

import { readCheckpoint } from '../../src/artifacts/checkpoint.js';
import { isAge } from '../../src/core/encryption/age-header.js';
import { generateKey } from '../../src/stages/keys/keys.js';
import {
  calibrate,
  collect,
  deploy,
  evaluate,
  predict,
  preprocess,
  train,
  withEncryption,
} from '../../src/index.js';
import { temporaryFolder } from '../support/folders.js';

/** What stays readable: the audit log and aliases, which hold no data, and what was there before. */
const PUBLIC = /audit\.jsonl(\.head)?$|aliases\/\w+\.json$/;

let folder: string;

async function pictures(): Promise<string> {
  const from = join(folder, 'pictures');
  for (const [label, name] of ['dark', 'light'].entries()) {
    await mkdir(join(from, name), { recursive: true });
    for (let at = 0; at < 12; at++) {
      const grey = 200 * label + at;
      const background = { r: grey, g: grey, b: grey };
      await sharp({ create: { width: 8, height: 8, channels: 3, background } })
        .png()
        .toFile(join(from, name, `${at}.png`));
    }
  }
  return from;
}

async function filesBelow(place: string): Promise<string[]> {
  const entries = await readdir(place, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function plaintextIn(place: string): Promise<string[]> {
  const files = (await filesBelow(place)).filter((path) => !PUBLIC.test(path));
  const seen = await Promise.all(
    files.map(async (path) => ({ path, encrypted: isAge(await readFile(path)) })),
  );
  expect(seen.length).toBeGreaterThan(0);
  return seen.filter(({ encrypted }) => !encrypted).map(({ path }) => path);
}

it('goes through a whole life encrypted: collect, prepare, train, resume, evaluate, deploy, predict', async () => {
  folder = await temporaryFolder();
  const key = await generateKey(join(folder, 'key.txt'));
  const places = { dataDir: join(folder, 'data'), checkpointsDir: join(folder, 'checkpoints') };
  const registryDir = join(folder, 'models');
  const computing = { ...places, backend: 'cpu', threads: 1 } as const;
  const options = { ...computing, dataset: 'own', hiddenLayers: [4], batchSize: 4, epochs: 2 };

  // Only the public key is known: what one command writes, it can read again itself.
  await withEncryption({ encryptTo: [key.recipient] }, async () => {
    await collect({ dataset: 'own', from: await pictures(), size: 8, dataDir: places.dataDir });
    await train({ ...options, run: 'sealed', stopAfter: 1 });
  });
  expect(await plaintextIn(places.dataDir)).toEqual([]);
  expect(await plaintextIn(places.checkpointsDir)).toEqual([]);

  await expect(evaluate('sealed', computing)).rejects.toMatchObject({
    code: 'ENCRYPTION_LOCKED',
    exitCode: 6,
  });
  const other = await generateKey(join(folder, 'other.txt'));
  await withEncryption({ identity: other.path }, async () => {
    await expect(evaluate('sealed', computing)).rejects.toMatchObject({ code: 'ENCRYPTION_LOCKED' });
  });

  const warnings: string[] = [];
  const onWarning = ({ code }: { code: string }): number => warnings.push(code);
  await withEncryption({ identity: key.path, onWarning }, async () => {
    await train({ ...computing, resume: 'sealed' });
    const { run } = await train({ ...options, run: 'whole' });
    expect((await readCheckpoint(join(places.checkpointsDir, 'sealed', 'last.safetensors'))).tensors).toEqual(
      (await readCheckpoint(join(places.checkpointsDir, run, 'last.safetensors'))).tensors,
    );
    const { reproduction } = await train({ ...computing, reproduce: 'whole' });
    expect(reproduction).toMatchObject({ identical: true });
    await evaluate('sealed', computing);
    await calibrate('sealed', computing);
    await deploy('sealed', { ...computing, registryDir });
    await expect(deploy('sealed', { ...computing, to: 'docker' })).rejects.toMatchObject({
      code: 'ENCRYPTION_REFUSED',
    });
    const halves = Buffer.from(Uint8Array.from({ length: 64 }, (_, at) => (at % 8 < 4 ? 0 : 255)));
    const bytes = await sharp(halves, { raw: { width: 8, height: 8, channels: 1 } })
      .png()
      .toBuffer();
    const picture = { name: 'one', read: () => Promise.resolve(bytes) };
    const { checkpointsDir, backend } = computing;
    const { predictions } = await predict('sealed', [picture], { checkpointsDir, backend });
    expect(predictions).toHaveLength(1);
    await preprocess({ dataset: 'own', dataDir: places.dataDir, shards: 5 });
    await train({ ...options, run: 'sharded' });
  });
  expect(warnings).toEqual(['ENCRYPTED_TO_SELF']);
  for (const place of [places.dataDir, places.checkpointsDir, registryDir]) {
    expect(await plaintextIn(place)).toEqual([]);
  }
});
