import type { Ciphertext, Evaluator, GaloisKeys, Plaintext, RelinKeys } from 'node-seal';

import type { EncryptedModel } from './description.js';
import { decodeFile, encodeFile, EncryptedFileError } from './encrypted-file.js';
import { forward, type ReadyLayer } from './forward.js';
import type { PackedLayer } from './matrices.js';
import { encodeLayers, SealArithmetic, type EvaluationKeys } from './seal-arithmetic.js';
import { bytesOf, createCkks, loadObject, sealMessage, type Ckks, type Seal } from './seal.js';

/** The side without a secret key: computes a model on encrypted images, with the evaluation keys of their owners. */
export class EncryptedEvaluator {
  readonly model: EncryptedModel;
  readonly #ckks: Ckks;
  readonly #evaluator: Evaluator;
  readonly #layers: readonly ReadyLayer<Plaintext>[];
  readonly #keys = new Map<string, EvaluationKeys>();

  constructor(seal: Seal, model: EncryptedModel, packed: readonly PackedLayer[]) {
    this.model = model;
    this.#ckks = createCkks(seal, model.description.parameters);
    this.#evaluator = new seal.Evaluator(this.#ckks.context);
    this.#layers = encodeLayers(this.#ckks, this.#evaluator, packed, model.plan);
  }

  /** Takes a client's evaluation keys; those of the same id are replaced. Throws EncryptedFileError. */
  async addKeys(file: Uint8Array): Promise<void> {
    const { description, sizes } = this.model;
    const expected = {
      kind: 'evaluation-keys',
      parameters: description.parameters,
      mostBytes: sizes.evaluationKeys,
    } as const;
    const { key, parts } = await decodeFile(file, expected);
    const { seal } = this.#ckks;
    const relinearization: RelinKeys = loadObject(this.#ckks, new seal.RelinKeys(), parts[0]!);
    const rotations: GaloisKeys = loadObject(this.#ckks, new seal.GaloisKeys(), parts[1]!);
    const missing = this.#missingKey(relinearization, rotations);
    if (missing !== undefined) {
      relinearization.delete();
      rotations.delete();
      throw new EncryptedFileError(`it lacks ${missing}`);
    }
    this.removeKeys(key);
    this.#keys.set(key, { relinearization, rotations });
  }

  /** Forgets keys. */
  removeKeys(key: string): void {
    const keys = this.#keys.get(key);
    keys?.relinearization.delete();
    keys?.rotations.delete();
    this.#keys.delete(key);
  }

  /** Computes the model on an encrypted image; the answer is encrypted for the same key. Throws EncryptedFileError. */
  async classify(image: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    const { description, sizes } = this.model;
    const { parameters, model } = description;
    const expected = { kind: 'encrypted-image', parameters, model, mostBytes: sizes.image } as const;
    const { key, parts } = await decodeFile(image, expected);
    const answer = this.#compute(key, parts[0]!);
    return encodeFile({ kind: 'encrypted-answer', parameters, key, model, parts: [answer] });
  }

  /** Frees the model and all keys. */
  dispose(): void {
    for (const key of this.#keys.keys()) this.removeKeys(key);
    for (const { diagonals, bias } of this.#layers) {
      for (const plain of [...diagonals, bias]) plain?.delete();
    }
    this.#evaluator.delete();
    this.#ckks.dispose();
  }

  #compute(key: string, ciphertext: Uint8Array): Uint8Array {
    const keys = this.#keys.get(key);
    if (!keys) throw new EncryptedFileError(`the evaluation keys ${key} are not here`);
    const image: Ciphertext = loadObject(this.#ckks, new this.#ckks.seal.Ciphertext(), ciphertext);
    try {
      this.#requireFresh(image);
      const answer = forward(new SealArithmetic(this.#ckks, this.#evaluator, keys), this.#layers, image);
      const bytes = bytesOf(this.#ckks, answer);
      answer.delete();
      return bytes;
    } catch (error) {
      if (error instanceof EncryptedFileError) throw error;
      throw new EncryptedFileError(`it cannot be computed with: ${sealMessage(error)}`, { cause: error });
    } finally {
      if (!image.isDeleted()) image.delete();
    }
  }

  /** Refuses a ciphertext that is not as it comes from encryption: at another level, of more parts, or at another scale. */
  #requireFresh(image: Ciphertext): void {
    const { parameters } = this.#ckks;
    const isFresh =
      image.size() === 2 &&
      image.coeffModulusSize() === parameters.coeffModulusBits.length - 1 &&
      image.polyModulusDegree() === parameters.polyModulusDegree &&
      image.scale() === 2 ** parameters.scaleBits &&
      image.isNttForm() &&
      // One that needs no key to be read was never encrypted, and SEAL would stop in the middle of the computation.
      !image.isTransparent();
    if (!isFresh) throw new EncryptedFileError('it is not a newly encrypted image');
  }

  #missingKey(relinearization: RelinKeys, rotations: GaloisKeys): string | undefined {
    // A square has three parts; the key for the third is what is needed.
    if (!relinearization.hasKey(2)) return 'the relinearization key';
    const { polyModulusDegree: degree } = this.#ckks.parameters;
    const lacking = this.model.plan.rotations.find(
      (steps) => !rotations.hasKey(galoisElement(steps, degree)),
    );
    return lacking === undefined ? undefined : `the key for rotations by ${lacking}`;
  }
}

/** The automorphism that rotates slots: 3^steps modulo twice the degree. */
function galoisElement(steps: number, degree: number): number {
  let element = 1;
  for (let step = 0; step < steps; step++) element = (element * 3) % (2 * degree);
  return element;
}
