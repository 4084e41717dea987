import { describe, expect, it } from 'vitest';

import { KeyPlaces } from '../../../src/serving/encrypted/key-places.js';

/** Places with a clock that the test sets, in minutes. */
function placesFor(most: number): {
  places: KeyPlaces;
  at: (minutes: number) => void;
  add: (key: string, owner: string) => string | undefined;
} {
  let now = 0;
  const places = new KeyPlaces(most, () => now);
  return {
    places,
    at(minutes) {
      now = minutes * 60_000;
    },
    add(key, owner) {
      const removed = places.requirePlace(key, owner);
      if (removed !== undefined) places.remove(removed);
      places.put(key, owner);
      return removed;
    },
  };
}

describe('places for keys', () => {
  it('replace the caller’s own keys where it has half of all', () => {
    const { add, at, places } = placesFor(4);
    expect([add('a', 'ann'), add('b', 'ann')]).toEqual([undefined, undefined]);
    at(1);
    places.use('a', 'ann');
    expect(add('c', 'ann')).toBe('b');
    expect(places.size).toBe(2);
    expect(add('c', 'ann')).toBeUndefined();
  });

  it('give way when they have not been used for a while, and never before', () => {
    const { add, at, places } = placesFor(2);
    add('a', 'ann');
    add('b', 'bob');
    expect(() => add('c', 'cyd')).toThrow('all 2 places for keys are in use');
    at(9);
    places.use('b', 'bob');
    at(11);
    expect(add('c', 'cyd')).toBe('a');
    expect(() => {
      places.use('a', 'ann');
    }).toThrow('send them to /encrypted/keys first');
  });

  it('belong to their caller', () => {
    const { add, places } = placesFor(2);
    add('a', 'ann');
    expect(() => {
      places.use('a', 'bob');
    }).toThrow('are not here');
    expect(() => add('a', 'bob')).toThrow('belong to another caller');
  });
});
