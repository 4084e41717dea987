import type initialize from 'node-seal';
import type { CKKSEncoder, EncryptionParameters, SEALContext } from 'node-seal';

import { messageOf } from '../../core/errors.js';
import { EncryptedFileError } from './encrypted-file.js';
import { weaknessOf, type CkksParameters } from './parameters.js';

/** Microsoft SEAL, as node-seal has it in WebAssembly. */
export type Seal = Awaited<ReturnType<typeof initialize>>;

/** The file of node-seal that programs and pages import; it loads the others. */
export const SEAL_ENTRY = 'index_throws.js';

/** A CKKS scheme: the library with parameters. */
export interface Ckks {
  readonly seal: Seal;
  readonly parameters: CkksParameters;
  readonly context: SEALContext;
  readonly encoder: CKKSEncoder;
  /** The primes of the modulus, in the order of their bits in the parameters. */
  readonly primes: readonly number[];
  /** Frees what it holds. */
  dispose(): void;
}

/** Sets up a scheme. Throws an Error for parameters that are invalid or give less than 128-bit security. */
export function createCkks(seal: Seal, parameters: CkksParameters): Ckks {
  const weakness = weaknessOf(parameters);
  if (weakness !== undefined) throw new Error(weakness);
  const { polyModulusDegree, coeffModulusBits } = parameters;
  const chosen: EncryptionParameters = new seal.EncryptionParameters(seal.SchemeType.ckks);
  const modulus = seal.CoeffModulus.Create(polyModulusDegree, Int32Array.from(coeffModulusBits));
  chosen.setPolyModulusDegree(polyModulusDegree);
  chosen.setCoeffModulus(modulus);
  // SEAL checks the security level as well.
  const context = new seal.SEALContext(chosen, true, seal.SecLevelType.tc128);
  if (!context.parametersSet()) throw new Error('Microsoft SEAL refuses the parameters');
  const encoder = new seal.CKKSEncoder(context);
  const primes = Array.from(seal.jsArrayFromVecModulus(modulus) as Iterable<bigint>, Number);
  modulus.delete();
  chosen.delete();
  return {
    ...{ seal, parameters, context, encoder, primes },
    dispose() {
      encoder.delete();
      context.delete();
    },
  };
}

interface Loadable {
  loadFromArray(context: SEALContext, bytes: Uint8Array): void;
  delete(): void;
}

/** Loads an object of SEAL from bytes, which are checked against the parameters. Throws EncryptedFileError. */
export function loadObject<Kind extends Loadable>({ context }: Ckks, object: Kind, bytes: Uint8Array): Kind {
  try {
    object.loadFromArray(context, bytes);
    return object;
  } catch (error) {
    object.delete();
    throw new EncryptedFileError(`Microsoft SEAL refuses it: ${sealMessage(error)}`, { cause: error });
  }
}

/** The bytes of an object, uncompressed. */
export function bytesOf({ seal }: Ckks, object: { saveToArray(mode: never): unknown }): Uint8Array {
  return object.saveToArray(seal.ComprModeType.none as never) as Uint8Array;
}

/** What SEAL's exception says. */
export function sealMessage(error: unknown): string {
  // An exception of WebAssembly is no Error; its message is a pair of type and text.
  const message: unknown =
    typeof error === 'object' && error !== null && 'message' in error ? error.message : undefined;
  if (Array.isArray(message)) return String(message.at(-1));
  return messageOf(error);
}
