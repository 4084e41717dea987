import type { Ciphertext, Evaluator, GaloisKeys, ParmsIdType, Plaintext, RelinKeys } from 'node-seal';

import type { Arithmetic, ReadyLayer } from './forward.js';
import type { PackedLayer } from './matrices.js';
import type { Plan } from './plan.js';
import type { Ckks } from './seal.js';

/** The keys that a server computes with; they decrypt nothing. */
export interface EvaluationKeys {
  relinearization: RelinKeys;
  rotations: GaloisKeys;
}

/** The arithmetic of encrypted slots. A product drops one prime of the modulus, and the scale stays near what it was. */
export class SealArithmetic implements Arithmetic<Ciphertext, Plaintext> {
  readonly #ckks: Ckks;
  readonly #evaluator: Evaluator;
  readonly #keys: EvaluationKeys;

  constructor(ckks: Ckks, evaluator: Evaluator, keys: EvaluationKeys) {
    this.#ckks = ckks;
    this.#evaluator = evaluator;
    this.#keys = keys;
  }

  rotate(vector: Ciphertext, slots: number): Ciphertext {
    const rotated = new this.#ckks.seal.Ciphertext();
    this.#evaluator.rotateVector(vector, slots, this.#keys.rotations, rotated);
    return rotated;
  }

  weightedSum(vectors: readonly Ciphertext[], weights: readonly (Plaintext | undefined)[]): Ciphertext {
    const { seal } = this.#ckks;
    const product = new seal.Ciphertext();
    let sum: Ciphertext | undefined;
    weights.forEach((weight, index) => {
      if (!weight) return;
      this.#evaluator.multiplyPlain(vectors[index]!, weight, product);
      if (sum) this.#evaluator.addInplace(sum, product);
      else sum = product.copy();
    });
    product.delete();
    this.#evaluator.rescaleToNextInplace(sum!);
    // The weights' scale is the prime that is dropped: only rounding of the quotient could have changed this.
    sum!.setScale(vectors[0]!.scale());
    return sum!;
  }

  add(vector: Ciphertext, other: Ciphertext): void {
    this.#evaluator.addInplace(vector, other);
  }

  addWeights(vector: Ciphertext, weights: Plaintext): void {
    this.#evaluator.addPlainInplace(vector, weights);
  }

  square(vector: Ciphertext): void {
    this.#evaluator.squareInplace(vector);
    this.#evaluator.relinearizeInplace(vector, this.#keys.relinearization);
    this.#evaluator.rescaleToNextInplace(vector);
  }

  free(...vectors: readonly Ciphertext[]): void {
    for (const vector of vectors) vector.delete();
  }
}

/** Encodes packed layers, each at the level and the scale at which it is needed. */
export function encodeLayers(
  ckks: Ckks,
  evaluator: Evaluator,
  packed: readonly PackedLayer[],
  plan: Plan,
): ReadyLayer<Plaintext>[] {
  const levels = levelsOf(ckks);
  let level = 0;
  let scale = 2 ** ckks.parameters.scaleBits;
  const encode = (values: Float32Array, at: number, by: number): Plaintext => {
    const plain = new ckks.seal.Plaintext();
    ckks.encoder.encode(Float64Array.from(values), by, plain);
    if (at > 0) evaluator.plainModSwitchToInplace(plain, levels[at]!.id);
    return plain;
  };
  return packed.map((layer, index) => {
    if (index > 0) scale = scale ** 2 / levels[level++]!.prime;
    const dropped = levels[level]!.prime;
    const diagonals = layer.diagonals.map((values) => {
      const plain = encode(values, level, dropped);
      // SEAL refuses products with zero, whose result nobody needs a key to read.
      if (!plain.isZero()) return plain;
      plain.delete();
      return undefined;
    });
    level++;
    return { product: plan.layers[index]!, diagonals, bias: encode(layer.bias, level, scale) };
  });
}

/** The levels of a ciphertext, from a new one on: their ids, and the prime that a rescaling drops. */
function levelsOf({ context, primes, parameters }: Ckks): { id: ParmsIdType; prime: number }[] {
  const count = parameters.coeffModulusBits.length - 1;
  let data = context.firstContextData();
  return Array.from({ length: count }, (_, level) => {
    const id = data.parmsId();
    if (level < count - 1) data = data.nextContextData();
    return { id, prime: primes[count - 1 - level]! };
  });
}
