import { describe, expect, inject, it } from 'vitest';

import { silentContext } from '../../../src/core/events.js';
import { EncryptionClient } from '../../../src/deployment/encrypted/client.js';
import { encryptedModelOf } from '../../../src/deployment/encrypted/description.js';
import { canRunSeal, loadSeal } from '../../../src/deployment/encrypted/load-seal.js';
import { classifyPlain } from '../../../src/deployment/encrypted/plain-model.js';
import { serveFields } from '../../../src/stages/serve/serve-options.js';
import { startServer } from '../../../src/stages/serve/serve.js';
import { encryptedFolder, noise, packed, tinyNet } from '../../support/encrypted.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';
import { expectClose } from '../../support/numbers.js';
import { serveForTest, writeMnistCheckpoint } from '../../support/serving.js';

const checkpointOf = async (): Promise<string> => writeMnistCheckpoint(await temporaryFolder(), 'small', 3);

it.skipIf(canRunSeal())('a server on Node.js 20 says that it cannot', async () => {
  const options = { port: 0, encrypted: await encryptedFolder(tinyNet), dataDir: inject('smallDataDir') };
  const output = { log: { write: () => undefined } };
  await toolkitError(
    'SEAL_UNAVAILABLE',
    startServer([await checkpointOf()], serveFields.parse(options), output),
  );
});

describe.skipIf(!canRunSeal())('a server of encrypted images (Node.js 22)', () => {
  it('computes without the key, holds few keys, and takes nothing else', async () => {
    const folder = await encryptedFolder(tinyNet);
    const { url, log } = await serveForTest(await checkpointOf(), {
      encrypted: folder,
      encryptedKeys: 1,
      logLevel: 'debug',
    });
    const post = (path: string, body: Uint8Array | string): Promise<Response> =>
      fetch(`${url}/encrypted/${path}`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/octet-stream' },
      });
    const refusal = async (answer: Promise<Response>): Promise<unknown> => {
      const response = await answer;
      return [response.status, ((await response.json()) as { error: string }).error];
    };
    expect(await (await fetch(`${url}/model/description`)).json()).toMatchObject({ takesEncrypted: true });
    const model = encryptedModelOf(await (await fetch(`${url}/encrypted/model`)).json());
    const seal = await loadSeal(silentContext());
    const [client, other] = [EncryptionClient.create(seal, model), EncryptionClient.create(seal, model)];
    const pixels = noise(tinyNet, 1);
    const image = await client.encrypt(pixels);
    expect(await refusal(post('classify', image))).toEqual([
      404,
      expect.stringContaining('send them to /encrypted/keys'),
    ]);

    const secret = await client.secretKeyFile();
    for (const path of ['keys', 'classify']) {
      expect(await refusal(post(path, secret))).toEqual([
        422,
        expect.stringContaining('must stay with its owner'),
      ]);
      expect(await refusal(post(path, ''))).toEqual([400, expect.stringContaining('must be a file')]);
      expect(await refusal(post(path, 'a picture'))).toEqual([
        422,
        expect.stringContaining('it is not a key'),
      ]);
    }
    expect((await post('classify', new Uint8Array(2 ** 20))).status).toBe(413);
    expect((await post('keys', new Uint8Array(2 ** 25))).status).toBe(413);

    const keys = await client.evaluationKeysFile();
    expect(await (await post('keys', keys)).json()).toEqual({ key: client.key });
    const answer = await post('classify', image);
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    const logits = await client.decrypt(new Uint8Array(await answer.arrayBuffer()));
    expectClose(logits, classifyPlain({ ...packed(tinyNet), model }, { count: 1, pixels }), 2e-3);
    // A changed byte is refused, or gives an answer that decrypts to nothing; it breaks nothing.
    expect((await post('classify', image.with(image.length - 90_000, 1))).status).toBeLessThan(500);

    // The second client's keys take the only place.
    await post('keys', await other.evaluationKeysFile());
    expect((await post('classify', image)).status).toBe(404);
    expect((await fetch(`${url}/encrypted/keys/${client.key}`, { method: 'DELETE' })).status).toBe(404);
    expect((await fetch(`${url}/encrypted/keys/${other.key}`, { method: 'DELETE' })).status).toBe(204);
    expect((await post('classify', await other.encrypt(pixels))).status).toBe(404);
    const piece = Buffer.from(secret.subarray(50_000, 50_020)).toString('latin1');
    expect(log.join('')).not.toContain(piece);
  });
});
