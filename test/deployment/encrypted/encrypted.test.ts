import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { silentContext } from '../../../src/core/events.js';
import { EncryptionClient } from '../../../src/deployment/encrypted/client.js';
import { decodeFile, encodeFile, type FileKind } from '../../../src/deployment/encrypted/encrypted-file.js';
import { EncryptedEvaluator } from '../../../src/deployment/encrypted/evaluator.js';
import { canRunSeal, loadSeal, requireSeal } from '../../../src/deployment/encrypted/load-seal.js';
import { classifyPlain } from '../../../src/deployment/encrypted/plain-model.js';
import { createCkks, type Seal } from '../../../src/deployment/encrypted/seal.js';
import { startOnCpu } from '../../support/backends.js';
import { encryptedFolder, noise, packed, tinyNet } from '../../support/encrypted.js';
import { toolkitError } from '../../support/errors.js';
import { expectClose } from '../../support/numbers.js';

it('Node.js 20 is told what it needs', async () => {
  const refused = await toolkitError(
    'SEAL_UNAVAILABLE',
    Promise.resolve().then(() => {
      requireSeal('20.19.0');
    }),
  );
  expect(refused.message).toContain('it needs Node.js 22 or later, and this is 20.19.0');
  expect(() => {
    requireSeal('22.0.0');
  }).not.toThrow();
});

it('the side of the server has no code for secret keys, and no parameter for one', () => {
  const ofServing = readdirSync('src/serving/encrypted').map((name) => join('src/serving/encrypted', name));
  const ofEvaluation = ['evaluator', 'seal-arithmetic', 'forward'].map(
    (name) => `src/deployment/encrypted/${name}.ts`,
  );
  for (const path of [...ofServing, ...ofEvaluation, 'src/stages/serve/encrypted-service.ts']) {
    const code = readFileSync(path, 'utf8').replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, '');
    expect(code, path).not.toMatch(/SecretKey|Decryptor|KeyGenerator|Encryptor|encrypted\/client|\.\/client/);
  }
});

describe.skipIf(!canRunSeal())('encrypted inference (Node.js 22)', () => {
  const loaded = packed(tinyNet);
  const pixels = noise(tinyNet, 3);
  const one = pixels.subarray(0, 64);
  const { parameters } = loaded.model.description;
  let seal: Seal;
  let client: EncryptionClient;
  let evaluator: EncryptedEvaluator;
  let keys: Uint8Array;
  let secret: Uint8Array;

  beforeAll(async () => {
    await startOnCpu('cpu');
    seal = await loadSeal(silentContext());
    client = EncryptionClient.create(seal, loaded.model);
    evaluator = new EncryptedEvaluator(seal, loaded.model, loaded.packed);
    [keys, secret] = await Promise.all([client.evaluationKeysFile(), client.secretKeyFile()]);
    await evaluator.addKeys(keys);
  });
  afterAll(() => {
    evaluator.dispose();
    client.dispose();
  });

  /** The objects of SEAL in a file. */
  const partsOf = async (file: Uint8Array, kind: FileKind): Promise<readonly Uint8Array[]> =>
    (await decodeFile(file, { kind, parameters, mostBytes: 1e8 })).parts;

  const asImage = (part: Uint8Array, key = client.key): Promise<Uint8Array> =>
    encodeFile({
      kind: 'encrypted-image',
      parameters,
      key,
      model: loaded.model.description.model,
      parts: [part],
    });

  it('gives the logits of the same computation without encryption', async () => {
    for (let image = 0; image < 3; image++) {
      const own = pixels.subarray(64 * image, 64 * (image + 1));
      const logits = await client.decrypt(await evaluator.classify(await client.encrypt(own)));
      expectClose(logits, classifyPlain(loaded, { count: 1, pixels: own }), 2e-3);
    }
  });

  it('never encrypts an image the same way twice, and files have at most the sizes that are announced', async () => {
    const [first, second] = await Promise.all([client.encrypt(one), client.encrypt(one)]);
    const [a] = await partsOf(first, 'encrypted-image');
    const [b] = await partsOf(second, 'encrypted-image');
    expect(Buffer.compare(a!, b!)).not.toBe(0);
    const { sizes } = loaded.model;
    const answer = await partsOf(await evaluator.classify(first), 'encrypted-answer');
    const lengths = async (file: Uint8Array, kind: FileKind): Promise<number> =>
      (await partsOf(file, kind)).reduce((sum, { length }) => sum + length, 0);
    // Tight: what is a half larger is no such object.
    for (const [length, most] of [
      [await lengths(keys, 'evaluation-keys'), sizes.evaluationKeys],
      [await lengths(secret, 'secret-key'), sizes.secretKey],
      [a!.length, sizes.image],
      [answer[0]!.length, sizes.answer],
    ] as const) {
      expect(length).toBeLessThanOrEqual(most);
      expect(most).toBeLessThan(1.05 * length);
    }
  });

  it('sends nothing that has the secret key in it, nor does the exported folder', async () => {
    const [key] = await partsOf(secret, 'secret-key');
    // Somewhere in the middle, where there are coefficients alone.
    const piece = Buffer.from(key!).subarray(100_000, 100_032);
    const image = await client.encrypt(one);
    const sent = [
      ...(await partsOf(keys, 'evaluation-keys')),
      ...(await partsOf(image, 'encrypted-image')),
      ...(await partsOf(await evaluator.classify(image), 'encrypted-answer')),
      keys,
      image,
    ];
    for (const bytes of sent) expect(Buffer.from(bytes).includes(piece)).toBe(false);
    expect(Buffer.from(key!).includes(piece)).toBe(true);
    const folder = await encryptedFolder(tinyNet);
    for (const name of readdirSync(folder)) {
      expect(readFileSync(join(folder, name)).includes(piece)).toBe(false);
    }
  });

  it('refuses a secret key, however it is sent', async () => {
    const [raw] = await partsOf(secret, 'secret-key');
    const model = loaded.model.description.model;
    const disguised = await encodeFile({
      ...{ kind: 'evaluation-keys', parameters, key: client.key, model },
      parts: [raw!, raw!],
    });
    await expect(evaluator.addKeys(secret)).rejects.toThrow('a secret key must stay with its owner');
    await expect(evaluator.classify(secret)).rejects.toThrow('a secret key must stay with its owner');
    await expect(evaluator.addKeys(raw!)).rejects.toThrow('it is not a key');
    await expect(evaluator.addKeys(disguised)).rejects.toThrow('Microsoft SEAL refuses it');
    await expect(evaluator.classify(await asImage(raw!))).rejects.toThrow('at most');
  });

  it('refuses what is no newly encrypted image, and keys that lack a rotation', async () => {
    const image = await client.encrypt(one);
    const [answer] = await partsOf(await evaluator.classify(image), 'encrypted-answer');
    await expect(evaluator.classify(await asImage(answer!))).rejects.toThrow('not a newly encrypted image');
    const [fresh] = await partsOf(image, 'encrypted-image');
    for (const at of [0, 5, 20, 60, 200_000]) {
      const changed = fresh!.slice();
      changed[at]! ^= 0x80;
      // A changed coefficient is a valid number, and gives a wrong answer to whoever changed it; all else is refused.
      const outcome = await evaluator.classify(await asImage(changed)).catch((error: unknown) => error);
      if (at < 100) expect(outcome, `byte ${at}`).toMatchObject({ name: 'EncryptedFileError' });
    }
    await expect(evaluator.classify(await asImage(fresh!, 'f'.repeat(32)))).rejects.toThrow('are not here');
    const [relinearization] = await partsOf(keys, 'evaluation-keys');
    const lacking = await encodeFile({
      ...{ kind: 'evaluation-keys', parameters, key: client.key, model: loaded.model.description.model },
      parts: [relinearization!, rotationKeys(seal, [1])],
    });
    await expect(evaluator.addKeys(lacking)).rejects.toThrow('it lacks the key for rotations by');
  });

  it('reads its own secret key again, and no answer for another one', async () => {
    const again = await EncryptionClient.open(seal, loaded.model, secret);
    const other = EncryptionClient.create(seal, loaded.model);
    const answer = await evaluator.classify(await again.encrypt(one));
    expectClose(await again.decrypt(answer), classifyPlain(loaded, { count: 1, pixels: one }), 2e-3);
    await expect(other.decrypt(answer)).rejects.toThrow(`it belongs to the key ${client.key}`);
    again.dispose();
    other.dispose();
  });

  it('is not set up with parameters below 128-bit security', () => {
    expect(() => createCkks(seal, { ...parameters, polyModulusDegree: 4096 })).toThrow(
      'less than 128-bit security',
    );
  });

  /** Keys for some rotations, by somebody else. */
  function rotationKeys(of: Seal, steps: number[]): Uint8Array {
    const ckks = createCkks(of, parameters);
    const generator = new of.KeyGenerator(ckks.context);
    const made = generator.createGaloisKeysSerializableWithSteps(Int32Array.from(steps));
    return made.saveToArray(of.ComprModeType.none) as Uint8Array;
  }
});
