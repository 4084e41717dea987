import { describe, expect, it } from 'vitest';

import { nearest, Registry } from '../../src/core/registry.js';

describe('nearest', () => {
  it.each([
    ['mnits', 'mnist'],
    ['fashion_mnist', 'fashion-mnist'],
    ['mnist', 'mnist'],
    ['fashon-mnst', 'fashion-mnist'],
  ])('takes "%s" for "%s"', (word, meant) => {
    expect(nearest(word, ['mnist', 'fashion-mnist'])).toBe(meant);
  });

  it.each(['cifar10', '', 'x'])('guesses nothing for "%s"', (word) => {
    expect(nearest(word, ['mnist', 'fashion-mnist'])).toBeUndefined();
  });

  it('guesses nothing where there is nothing', () => {
    expect(nearest('mnist', [])).toBeUndefined();
  });
});

describe('Registry', () => {
  const entries = [
    { name: 'b', summary: 'second letter' },
    { name: 'a', summary: 'first letter' },
  ];

  it('finds entries by name and lists them in their order', () => {
    const registry = new Registry('letter', entries);
    expect(registry.names).toEqual(['b', 'a']);
    expect(registry.get('a')).toBe(entries[1]);
    expect(registry.get('toString')).toBeUndefined();
    expect([...registry]).toEqual(entries);
  });

  it('refuses two entries of a name', () => {
    expect(() => new Registry('letter', [...entries, ...entries])).toThrow(/letter registry share a name/);
  });
});
