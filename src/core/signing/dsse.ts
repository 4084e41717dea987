import { sign, verify, type KeyObject } from 'node:crypto';

import { z } from 'zod';

import { digestFor, keyId, type PrivateKey } from './keys.js';

/** Standard base64 with padding; Buffer would also read other text. */
const base64Text = z.base64().max(64 * 2 ** 20);

/** A signed payload (Dead Simple Signing Envelope 1.0): the bytes are signed together with their type. */
export const envelopeSchema = z.strictObject({
  payload: base64Text,
  payloadType: z.string().min(1).max(200),
  signatures: z.array(z.strictObject({ sig: base64Text, keyid: z.string().max(200).default('') })).max(100),
});

export type Envelope = z.infer<typeof envelopeSchema>;

/** The bytes that are signed: type and payload, each with its length. */
function preAuthenticationEncoding(type: string, payload: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `),
    payload,
  ]);
}

/** Signs bytes of a type; ECDSA signatures are in DER, as other programs write them. */
export function signPayload(type: string, payload: Buffer, { key, publicKey }: PrivateKey): Buffer {
  return sign(digestFor(publicKey), preAuthenticationEncoding(type, payload), key);
}

/** Whether one of an envelope's signatures is that of a key. */
export function isSignedBy({ payload, payloadType, signatures }: Envelope, key: KeyObject): boolean {
  const signed = preAuthenticationEncoding(payloadType, Buffer.from(payload, 'base64'));
  return signatures.some(({ sig }) => verify(digestFor(key), signed, key, Buffer.from(sig, 'base64')));
}

/** An envelope without signatures. */
export function envelopeOf(payloadType: string, payload: Buffer): Envelope {
  return { payload: payload.toString('base64'), payloadType, signatures: [] };
}

/** The envelope with the signature of one more key; one that the key made before is replaced. */
export function withSignature(envelope: Envelope, key: PrivateKey): Envelope {
  const keyid = keyId(key.publicKey);
  const sig = signPayload(envelope.payloadType, Buffer.from(envelope.payload, 'base64'), key).toString(
    'base64',
  );
  const others = envelope.signatures.filter((signature) => signature.keyid !== keyid);
  return { ...envelope, signatures: [...others, { sig, keyid }] };
}
