import type { Answer } from './answer.js';

/** A server that is sent encrypted images alone. */
export interface EncryptedServer {
  /** Has an image classified without the server seeing it or the answer; pixels from 0 to 255. Throws an Error. */
  classify(pixels: Uint8Array, signal: AbortSignal): Promise<Answer>;
}

/** Starts encryption. Throws an Error. */
export type OpenEncryption = (sayWhat: (doing: string) => void) => Promise<EncryptedServer>;

/** Starts encryption, with a script that is only loaded for it. */
export const openEncryption: OpenEncryption = async (sayWhat) => {
  const script = new URL('encryption.js', document.baseURI).href;
  const module = (await import(script)) as { openEncryption: OpenEncryption };
  return module.openEncryption(sayWhat);
};
