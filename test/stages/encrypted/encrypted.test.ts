import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { silentContext } from '../../../src/core/events.js';
import { decodeFile, encodeFile } from '../../../src/deployment/encrypted/encrypted-file.js';
import { EncryptedEvaluator } from '../../../src/deployment/encrypted/evaluator.js';
import { readDescription, readEncryptedModel } from '../../../src/deployment/encrypted/folder.js';
import { canRunSeal, loadSeal } from '../../../src/deployment/encrypted/load-seal.js';
import { decryptAnswer, encryptImage, generateKeys } from '../../../src/stages/encrypted/encrypted.js';
import { encryptedFolder, tinyNet } from '../../support/encrypted.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';
import { pngOf } from '../../support/pictures.js';
import { DRAWING_SIDE, drawnPixels } from '../../support/small-drawings.js';

/** A drawing as a file. */
const png = (): Promise<Buffer> => pngOf(drawnPixels(0, 3), DRAWING_SIDE);
const named = (bytes: Buffer): { name: string; read: () => Promise<Buffer> } => ({
  name: 'image.png',
  read: () => Promise.resolve(bytes),
});

it('a changed model, and a folder of another target, are refused', async () => {
  const folder = await encryptedFolder(tinyNet);
  await readEncryptedModel(folder);
  const description = join(folder, 'parameters.json');
  await writeFile(
    description,
    (await readFile(description, 'utf8')).replace('"logitFactor": 1', '"logitFactor": 2'),
  );
  await toolkitError('MODEL_CORRUPT', readEncryptedModel(folder));
  await writeFile(description, '{}');
  const { message } = await toolkitError('MODEL_CORRUPT', readDescription(folder));
  expect(message).toContain(description);
  await toolkitError('MODEL_MISSING', generateKeys(join(folder, 'nothing'), { keys: join(folder, 'keys') }));
});

it.skipIf(canRunSeal())('on Node.js 20, keys are not made, and the reason is said', async () => {
  const keys = join(await temporaryFolder(), 'keys');
  await toolkitError('SEAL_UNAVAILABLE', generateKeys(await encryptedFolder(tinyNet), { keys }));
});

describe.skipIf(!canRunSeal())('keys, images and answers as files (Node.js 22)', () => {
  it('go from keygen over a server to a class; what does not belong together is refused', async () => {
    const folder = await encryptedFolder(tinyNet);
    const work = await temporaryFolder();
    const [keys, output] = [join(work, 'keys'), join(work, 'image.encrypted')];
    const made = await generateKeys(folder, { keys });
    expect((await readdir(keys)).sort()).toEqual(['evaluation.keys', 'parameters.json', 'secret.key']);
    expect((await stat(made.secretKey)).mode & 0o777).toBe(0o600);
    expect((await stat(keys)).mode & 0o777).toBe(0o700);
    await toolkitError('OUTPUT_EXISTS', generateKeys(folder, { keys }));
    expect(await readdir(work)).toEqual(['keys']);

    const encrypting = { keys, output, prepare: 'fit' } as const;
    const image = await encryptImage(named(await png()), encrypting);
    expect(image).toMatchObject({ output, key: made.key, bytes: (await stat(output)).size });
    const { model, packed } = await readEncryptedModel(folder);
    const evaluator = new EncryptedEvaluator(await loadSeal(silentContext()), model, packed);
    await evaluator.addKeys(await readFile(made.evaluationKeys));
    const answer = join(work, 'answer');
    await writeFile(answer, await evaluator.classify(await readFile(output)));
    evaluator.dispose();
    const decrypted = await decryptAnswer(answer, { keys, top: 2 });
    expect(decrypted).toMatchObject({ answer, key: made.key, abstained: false, reason: null });
    expect(decrypted.top).toHaveLength(2);
    expect(decrypted.class).toBe(decrypted.top[0]!.class);

    const refused = async (path: string, folderOfKeys = keys): Promise<string> =>
      (await toolkitError('CIPHERTEXT_REFUSED', decryptAnswer(path, { keys: folderOfKeys, top: 1 }))).message;
    expect(await refused(output)).toContain(`${output}: it has`);
    expect(await refused(made.secretKey)).toContain('bytes, at most');
    await toolkitError('DATA_MISSING', decryptAnswer(join(work, 'none'), { keys, top: 1 }));
    const { parameters } = model.description;
    const reading = { kind: 'encrypted-answer', parameters, mostBytes: model.sizes.answer } as const;
    const others = await decodeFile(await readFile(answer), reading);
    await writeFile(answer, await encodeFile({ ...others, key: 'f'.repeat(32) }));
    expect(await refused(answer)).toContain(`it belongs to the key ${'f'.repeat(32)}`);
    expect(await refused(answer, work)).toContain('not a folder of keys');
    const blank = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'black' } })
      .png()
      .toBuffer();
    await toolkitError('PICTURE_UNREADABLE', encryptImage(named(blank), encrypting));

    await chmod(made.secretKey, 0o644);
    await toolkitError('SECRET_EXPOSED', decryptAnswer(answer, { keys, top: 1 }));
    await chmod(made.secretKey, 0o600);
    await writeFile(made.secretKey, await readFile(made.evaluationKeys));
    expect(await refused(answer)).toContain('it is a file of evaluation keys, but a secret key is needed');
  });
});
