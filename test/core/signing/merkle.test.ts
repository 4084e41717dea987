import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import {
  consistencyProof,
  inclusionProof,
  isConsistent,
  isIncluded,
  leafHash,
  rootHash,
} from '../../../src/core/signing/merkle.js';

/** What Go's golang.org/x/mod/sumdb/tlog computes; bench/signatures/go made it. */
const theirs = JSON.parse(readFileSync('test/fixtures/log-heads.json', 'utf8')) as {
  roots: string[];
  inclusion: Record<string, string[]>;
  consistency: Record<string, string[]>;
};
const leaves = theirs.roots.map((_, index) => leafHash(`entry ${index}`));
const textsOf = (hashes: readonly Buffer[]): string[] => hashes.map((hash) => hash.toString('base64'));
const hashesOf = (texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text, 'base64'));
const head = (size: number) => ({ size, root: rootHash(leaves.slice(0, size)) });

/** A proof with one bit flipped, one hash fewer, and one more. */
function spoilt(proof: readonly Buffer[]): Buffer[][] {
  const flipped = proof.map((_, at) =>
    proof.map((hash, index) => (index === at ? Buffer.from([hash[0]! ^ 1, ...hash.subarray(1)]) : hash)),
  );
  return [...flipped, ...(proof.length > 0 ? [proof.slice(1)] : []), [...proof, leaves[0]!]];
}

describe('a Merkle tree', () => {
  it('has the roots of Go’s, and that of an empty tree is the hash of nothing', () => {
    const roots = leaves.map((_, index) => rootHash(leaves.slice(0, index + 1)).toString('base64'));
    expect(roots).toEqual(theirs.roots);
    expect(rootHash([]).toString('hex')).toMatch(/^e3b0c44298fc1c14/);
  });

  it.each(Object.entries(theirs.inclusion))('proves entry %s as Go does', (name, expected) => {
    const [index, size] = name.split(' of ').map(Number) as [number, number];
    const { root } = head(size);
    const proof = inclusionProof(leaves.slice(0, size), index);
    expect(textsOf(proof)).toEqual(expected);
    expect(isIncluded(leaves[index]!, index, size, root, hashesOf(expected))).toBe(true);
    for (const wrong of spoilt(proof))
      expect(isIncluded(leaves[index]!, index, size, root, wrong)).toBe(false);
    expect(isIncluded(leafHash('other'), index, size, root, proof)).toBe(false);
    expect(isIncluded(leaves[index]!, size, size, root, proof)).toBe(false);
    for (let other = 0; other < size; other++) {
      if (other !== index) expect(isIncluded(leaves[index]!, other, size, root, proof)).toBe(false);
    }
  });

  it.each(Object.entries(theirs.consistency))('proves the growth from %s as Go does', (name, expected) => {
    const [from, to] = name.split(' to ').map(Number) as [number, number];
    const proof = consistencyProof(leaves.slice(0, to), from);
    expect(textsOf(proof)).toEqual(expected);
    expect(isConsistent(head(from), head(to), hashesOf(expected))).toBe(true);
    for (const wrong of spoilt(proof)) expect(isConsistent(head(from), head(to), wrong)).toBe(false);
    expect(isConsistent({ size: from, root: leafHash('other') }, head(to), proof)).toBe(false);
    expect(isConsistent(head(from), { size: to, root: leafHash('other') }, proof)).toBe(false);
    if (from < to) expect(isConsistent(head(to), head(from), proof)).toBe(false);
  });

  it('grows from nothing without a proof', () => {
    expect(consistencyProof(leaves, 0)).toEqual([]);
    expect(isConsistent({ size: 0, root: rootHash([]) }, head(9), [])).toBe(true);
    expect(isConsistent({ size: 0, root: leaves[0]! }, head(9), [])).toBe(false);
  });
});
