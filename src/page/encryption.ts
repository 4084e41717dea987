import { EncryptionClient } from '../deployment/encrypted/client.js';
import { encryptedModelOf } from '../deployment/encrypted/description.js';
import { SEAL_ENTRY, type Seal } from '../deployment/encrypted/seal.js';
import { answerOf } from './answer.js';
import type { EncryptedServer } from './encrypted-server.js';
import { request, RequestError } from './request.js';

/*
 * A script of its own, which the page loads when somebody first asks for encryption. The secret key is made here, stays in the memory of
 * the page, and goes nowhere.
 */

const BINARY = { 'content-type': 'application/octet-stream' };

/** Makes keys, sends the evaluation keys to the server, and returns what classifies encrypted images. Throws an Error. */
export async function openEncryption(sayWhat: (doing: string) => void): Promise<EncryptedServer> {
  sayWhat('Loading Microsoft SEAL…');
  const description = await request('encrypted/model');
  const model = encryptedModelOf(await description.json());
  const seal = await loadSeal();
  sayWhat('Making keys…');
  await painted();
  const client = EncryptionClient.create(seal, model);
  const keys = await client.evaluationKeysFile();
  const sendKeys = async (): Promise<void> => {
    sayWhat(`Sending evaluation keys, ${inUnits(keys.length)}…`);
    await request('encrypted/keys', { method: 'POST', body: keys, headers: BINARY });
  };
  await sendKeys();
  sayWhat('Ready: images are encrypted with a key that does not leave this page.');
  return {
    async classify(pixels, signal) {
      const image = await client.encrypt(pixels);
      const started = performance.now();
      const send = (): Promise<Response> =>
        request('encrypted/classify', { method: 'POST', body: image, headers: BINARY, signal });
      // The server forgets keys that others need the memory of.
      const answer = await send().catch(async (error: unknown) => {
        if (!(error instanceof RequestError) || error.status !== 404) throw error;
        await sendKeys();
        return send();
      });
      const bytes = new Uint8Array(await answer.arrayBuffer());
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      const logits = await client.decrypt(bytes);
      sayWhat(
        `${inUnits(image.length)} sent, ${inUnits(bytes.length)} received, both encrypted, in ${seconds} s.`,
      );
      return answerOf(logits, model.description.rule);
    },
  };
}

async function loadSeal(): Promise<Seal> {
  const entry = new URL(`encrypted/seal/${SEAL_ENTRY}`, document.baseURI).href;
  const module = (await import(entry)) as { default: () => Promise<Seal> };
  return module.default();
}

/** Lets the browser show what was written, before work that takes half a second. */
function painted(): Promise<void> {
  return new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
  });
}

function inUnits(bytes: number): string {
  return bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
