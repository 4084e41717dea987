import { z } from 'zod';

/** The parameters of a CKKS scheme: whoever knows them knows how secure and how exact it is. */
export const parametersSchema = z.strictObject({
  /** The number of coefficients of a polynomial; half as many numbers fit into a ciphertext. */
  polyModulusDegree: z.int().min(1024).max(32_768),
  /** The bits of the primes whose product is the modulus; the last is for the keys alone. */
  coeffModulusBits: z.array(z.int().min(20).max(60)).min(2).max(32),
  /** Numbers are multiplied with 2 to this power and rounded. */
  scaleBits: z.int().min(10).max(60),
});

export type CkksParameters = z.output<typeof parametersSchema>;

/**
 * The parameters of a square net: five of the primes are dropped, one after each multiplication, and a first and a last remain.
 * 218 bits are the most that a degree of 8192 allows.
 */
export const squareNetParameters: CkksParameters = {
  polyModulusDegree: 8192,
  coeffModulusBits: [36, 28, 28, 28, 28, 28, 42],
  scaleBits: 28,
};

/**
 * The most bits of the modulus at which the best known attack takes 2^128 steps, by degree, for secrets of −1, 0 and 1 (Albrecht et al.,
 * "Homomorphic encryption security standard", 2018, table 1; Microsoft SEAL has the same numbers).
 */
const MOST_BITS: ReadonlyMap<number, number> = new Map([
  [1024, 27],
  [2048, 54],
  [4096, 109],
  [8192, 218],
  [16_384, 438],
  [32_768, 881],
]);

/** Why parameters give less than 128-bit security; undefined if they do not. */
export function weaknessOf({
  polyModulusDegree: degree,
  coeffModulusBits,
}: CkksParameters): string | undefined {
  const most = MOST_BITS.get(degree);
  if (most === undefined)
    return `the polynomial degree ${degree} is not one of ${[...MOST_BITS.keys()].join(', ')}`;
  const bits = coeffModulusBits.reduce((sum, of) => sum + of, 0);
  if (bits <= most) return undefined;
  return `a modulus of ${bits} bits with the polynomial degree ${degree} gives less than 128-bit security (at most ${most} bits do)`;
}

/** Whether two sets of parameters are the same. */
export function areSame(one: CkksParameters, other: CkksParameters): boolean {
  return JSON.stringify(parametersSchema.parse(one)) === JSON.stringify(parametersSchema.parse(other));
}

/** How many numbers a ciphertext holds. */
export function slotCount({ polyModulusDegree }: CkksParameters): number {
  return polyModulusDegree / 2;
}

/** The sizes in bytes of what is sent, before it is compressed. */
export interface ObjectSizes {
  secretKey: number;
  /** The most that the keys of a server with some rotations may take. */
  evaluationKeys: number;
  image: number;
  answer: number;
}

/** What Microsoft SEAL writes beside the coefficients of an object, at most. */
const OVERHEAD_BYTES = 512;
const COEFFICIENT_BYTES = 8;

/** The most bytes that objects may have; the second half of keys and of new ciphertexts is a seed of random numbers. */
export function objectSizes(parameters: CkksParameters, rotations: number): ObjectSizes {
  const { polyModulusDegree: degree, coeffModulusBits } = parameters;
  const primes = coeffModulusBits.length;
  const polynomial = degree * COEFFICIENT_BYTES;
  const keySwitch = (primes - 1) * (primes * polynomial + OVERHEAD_BYTES);
  // The rotation keys are a list with a place for each possible rotation.
  return {
    secretKey: primes * polynomial + OVERHEAD_BYTES,
    evaluationKeys: (rotations + 1) * keySwitch + polynomial + OVERHEAD_BYTES,
    image: (primes - 1) * polynomial + OVERHEAD_BYTES,
    answer: 2 * polynomial + OVERHEAD_BYTES,
  };
}

/** What a file has beside its deflated parts, and what random bytes grow by when they are deflated. */
const FILE_BYTES = 8192;
const GROWTH = 1.001;

/** The most bytes of a file whose parts have some number of bytes when unpacked. */
export function storedLimit(bytes: number): number {
  return FILE_BYTES + Math.ceil(bytes * GROWTH);
}
