import { generateKeyPairSync, sign } from 'node:crypto';
import { text as readText } from 'node:stream/consumers';

import { isConsistent, type TreeHead } from '../../src/core/signing/merkle.js';
import { cosignedText, noteKeyId, splitNote } from '../../src/core/signing/note.js';
import { loopbackServer } from './server.js';

/** A witness as C2SP's tlog-witness describes it, for one log. */
export interface Witness {
  url: string;
  /** Its key, as programs take it. */
  verifier: string;
  /** What it has signed last. */
  seen: TreeHead | undefined;
}

/** Starts a witness that is stopped with the test. */
export async function startWitness(name = 'witness.example/w1'): Promise<Witness> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const id = noteKeyId(name, 4, publicKey);
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url');
  const encoded = Buffer.concat([Uint8Array.of(4), raw]).toString('base64');
  const witness: Witness = { url: '', verifier: `${name}+${id.toString('hex')}+${encoded}`, seen: undefined };
  const answer = (body: string): { status: number; type: string; text: string } => {
    const [head = '', ...rest] = body.split('\n\n');
    const [old = '', ...proof] = head.split('\n');
    const { text } = splitNote(rest.join('\n\n'))!;
    const [, size, root = ''] = text.split('\n');
    const next = { size: Number(size), root: Buffer.from(root, 'base64') };
    const seen = witness.seen ?? { size: 0, root: Buffer.alloc(0) };
    if (old !== `old ${seen.size}`) return { status: 409, type: 'text/x.tlog.size', text: `${seen.size}\n` };
    const hashes = proof.map((hash) => Buffer.from(hash, 'base64'));
    if (witness.seen && !isConsistent(seen, next, hashes))
      return { status: 422, type: 'text/plain', text: '' };
    witness.seen = next;
    const time = 1_700_000_000;
    const stamp = Buffer.alloc(8);
    stamp.writeBigUInt64BE(BigInt(time));
    const signature = Buffer.concat([
      id,
      stamp,
      sign(null, Buffer.from(cosignedText(text, time)), privateKey),
    ]);
    return { status: 200, type: 'text/plain', text: `— ${name} ${signature.toString('base64')}\n` };
  };
  const { address } = await loopbackServer((request, response) => {
    void readText(request).then((body) => {
      const { status, type, text } = answer(body);
      response.writeHead(status, { 'content-type': type }).end(text);
    });
  });
  witness.url = `${address}/`;
  return witness;
}
