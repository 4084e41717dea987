import { expect } from 'vitest';

/** Fails unless each number lies within a relative distance of the expected one; near 0 the distance is absolute. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  relative: number,
  absolute = relative,
): void {
  expect(actual.length).toBe(expected.length);
  for (let index = 0; index < expected.length; index++) {
    const distance = Math.abs(actual[index]! - expected[index]!);
    const allowed = Math.max(absolute, relative * Math.abs(expected[index]!));
    if (!(distance <= allowed)) {
      expect.fail(`number ${index} is ${actual[index]!}, but ${expected[index]!} ± ${allowed} is expected`);
    }
  }
}
