import { describe, expect, it } from 'vitest';

import { encryptedModelOf } from '../../../src/deployment/encrypted/description.js';
import { squareNetParameters, weaknessOf } from '../../../src/deployment/encrypted/parameters.js';
import { madeUpDescription, tinyNet } from '../../support/encrypted.js';

describe('parameters', () => {
  it('of square nets use all the bits that 128-bit security allows', () => {
    expect(weaknessOf(squareNetParameters)).toBeUndefined();
    const [first = 0, ...others] = squareNetParameters.coeffModulusBits;
    expect(weaknessOf({ ...squareNetParameters, coeffModulusBits: [first + 1, ...others] })).toContain(
      '219 bits',
    );
  });

  it.each([
    [{ ...squareNetParameters, polyModulusDegree: 4096 }, 'less than 128-bit security (at most 109 bits do)'],
    [{ ...squareNetParameters, polyModulusDegree: 8191 }, 'degree 8191 is not one of 1024'],
    [{ ...squareNetParameters, coeffModulusBits: [60, 60, 60, 60] }, '240 bits'],
  ])('that are too weak are refused, also in a description from elsewhere', (parameters, reason) => {
    expect(weaknessOf(parameters)).toContain(reason);
    expect(() => encryptedModelOf({ ...madeUpDescription(tinyNet), parameters })).toThrow(reason);
  });

  it('that do not fit the net are refused', () => {
    const parameters = { ...squareNetParameters, coeffModulusBits: [60, 60, 60] };
    expect(() => encryptedModelOf({ ...madeUpDescription(tinyNet), parameters })).toThrow('needs 7 primes');
  });
});
