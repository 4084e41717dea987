import type { Ciphertext, Decryptor, Encryptor, Plaintext, SecretKey } from 'node-seal';

import { pixelsPerImage } from '../../core/images.js';
import { decodeFile, encodeFile, type EncryptedFile, type FileKind } from './encrypted-file.js';
import type { EncryptedModel } from './description.js';
import { bytesOf, createCkks, loadObject, type Ckks, type Seal } from './seal.js';
import { packImage } from './windows.js';

const KEY_ID_BYTES = 16;

/** The side that holds the secret key: makes keys, encrypts images and decrypts answers. Runs in Node.js and in browsers. */
export class EncryptionClient {
  readonly model: EncryptedModel;
  /** The id of the pair of keys. */
  readonly key: string;
  readonly #ckks: Ckks;
  readonly #secret: SecretKey;
  readonly #encryptor: Encryptor;
  readonly #decryptor: Decryptor;

  private constructor(ckks: Ckks, model: EncryptedModel, key: string, secret: SecretKey) {
    this.model = model;
    this.key = key;
    this.#ckks = ckks;
    this.#secret = secret;
    const { seal, context } = ckks;
    const generator = new seal.KeyGenerator(context, secret);
    const publicKey = generator.createPublicKey();
    this.#encryptor = new seal.Encryptor(context, publicKey, secret);
    this.#decryptor = new seal.Decryptor(context, secret);
    publicKey.delete();
    generator.delete();
  }

  /** A client with new keys, from the random numbers of the system. */
  static create(seal: Seal, model: EncryptedModel): EncryptionClient {
    const ckks = createCkks(seal, model.description.parameters);
    const generator = new seal.KeyGenerator(ckks.context);
    const id = crypto.getRandomValues(new Uint8Array(KEY_ID_BYTES));
    const key = Array.from(id, (byte) => byte.toString(16).padStart(2, '0')).join('');
    const client = new EncryptionClient(ckks, model, key, generator.secretKey());
    generator.delete();
    return client;
  }

  /** The client of a file of `secretKeyFile`. Throws EncryptedFileError. */
  static async open(seal: Seal, model: EncryptedModel, file: Uint8Array): Promise<EncryptionClient> {
    const { parameters } = model.description;
    const expected = { kind: 'secret-key', parameters, mostBytes: model.sizes.secretKey } as const;
    const { key, parts } = await decodeFile(file, expected);
    const ckks = createCkks(seal, parameters);
    try {
      return new EncryptionClient(ckks, model, key, loadObject(ckks, new seal.SecretKey(), parts[0]!));
    } catch (error) {
      ckks.dispose();
      throw error;
    }
  }

  /** The secret key, to be kept. */
  secretKeyFile(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#file('secret-key', [bytesOf(this.#ckks, this.#secret)]);
  }

  /** The keys that a server needs to compute with what this client encrypts; they decrypt nothing. */
  evaluationKeysFile(): Promise<Uint8Array<ArrayBuffer>> {
    const { seal, context } = this.#ckks;
    const generator = new seal.KeyGenerator(context, this.#secret);
    const steps = Int32Array.from(this.model.plan.rotations);
    const keys = [
      generator.createRelinKeysSerializable(),
      generator.createGaloisKeysSerializableWithSteps(steps),
    ];
    const parts = keys.map((key) => bytesOf(this.#ckks, key));
    for (const object of [...keys, generator]) object.delete();
    return this.#file('evaluation-keys', parts);
  }

  /**
   * Encrypts an image.
   *
   * @param pixels from 0 to 255, as the model takes them
   */
  encrypt(pixels: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    const { description, plan } = this.model;
    const { seal, encoder } = this.#ckks;
    const values = pixelsPerImage(description.shape);
    if (pixels.length !== values)
      throw new Error(`the image has ${pixels.length} values, but the model takes ${values}`);
    const packed = packImage(pixels, { ...description, ...description.net, plan });
    const plain: Plaintext = new seal.Plaintext();
    encoder.encode(packed, 2 ** description.parameters.scaleBits, plain);
    // With the secret key, half of a ciphertext is a seed.
    const encrypted = this.#encryptor.encryptSymmetricSerializable(plain);
    const bytes = bytesOf(this.#ckks, encrypted);
    encrypted.delete();
    plain.delete();
    return this.#file('encrypted-image', [bytes]);
  }

  /** Decrypts a server's answer; returns the logits. Throws EncryptedFileError. */
  async decrypt(answer: Uint8Array): Promise<Float64Array> {
    const { description, sizes } = this.model;
    const { parameters, model } = description;
    const expected = {
      kind: 'encrypted-answer',
      parameters,
      model,
      key: this.key,
      mostBytes: sizes.answer,
    } as const;
    const { parts } = await decodeFile(answer, expected);
    const { seal, encoder } = this.#ckks;
    const encrypted: Ciphertext = loadObject(this.#ckks, new seal.Ciphertext(), parts[0]!);
    const plain: Plaintext = new seal.Plaintext();
    this.#decryptor.decrypt(encrypted, plain);
    const slots = encoder.decodeFloat64(plain) as Float64Array;
    plain.delete();
    encrypted.delete();
    return Float64Array.from(description.classNames, (_, index) => slots[index]! / description.logitFactor);
  }

  /** Frees the keys. */
  dispose(): void {
    for (const object of [this.#encryptor, this.#decryptor, this.#secret]) object.delete();
    this.#ckks.dispose();
  }

  #file(kind: FileKind, parts: EncryptedFile['parts']): Promise<Uint8Array<ArrayBuffer>> {
    const { parameters, model } = this.model.description;
    return encodeFile({ kind, parameters, model, key: this.key, parts });
  }
}
