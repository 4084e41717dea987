import { createHash } from 'node:crypto';

/** Merkle trees of RFC 6962: the root commits to a list, and short proofs show what is in it and that it only grew. */

/** The hash of an entry. */
export function leafHash(entry: string | Uint8Array): Buffer {
  return createHash('sha256').update(Uint8Array.of(0)).update(entry).digest();
}

/** The root over the hashes of all entries. */
export function rootHash(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return createHash('sha256').digest();
  if (leaves.length === 1) return leaves[0]!;
  const split = splitOf(leaves.length);
  return nodeHash(rootHash(leaves.slice(0, split)), rootHash(leaves.slice(split)));
}

/** The proof that an entry is in the tree: the hashes beside its path, from the leaf to the root. */
export function inclusionProof(leaves: readonly Buffer[], index: number): Buffer[] {
  if (leaves.length <= 1) return [];
  const split = splitOf(leaves.length);
  const [first, second] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split
    ? [...inclusionProof(first, index), rootHash(second)]
    : [...inclusionProof(second, index - split), rootHash(first)];
}

/** The proof that the tree of the first `size` entries is the beginning of the tree of all. */
export function consistencyProof(leaves: readonly Buffer[], size: number): Buffer[] {
  return size === 0 ? [] : subProof(leaves, size, true);
}

/** @param isWhole whether the root of the first `size` leaves here is the old root, which the verifier knows */
function subProof(leaves: readonly Buffer[], size: number, isWhole: boolean): Buffer[] {
  if (size === leaves.length) return isWhole ? [] : [rootHash(leaves)];
  const split = splitOf(leaves.length);
  const [first, second] = [leaves.slice(0, split), leaves.slice(split)];
  return size <= split
    ? [...subProof(first, size, isWhole), rootHash(second)]
    : [...subProof(second, size - split, false), rootHash(first)];
}

/** Whether a proof shows that an entry is in the tree of a size and root (RFC 9162, section 2.1.3.2). */
export function isIncluded(
  leaf: Buffer,
  index: number,
  size: number,
  root: Buffer,
  proof: readonly Buffer[],
): boolean {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) return false;
  let [node, last, hash] = [BigInt(index), BigInt(size - 1), leaf];
  for (const sibling of proof) {
    if (last === 0n) return false;
    if (isOdd(node) || node === last) {
      hash = nodeHash(sibling, hash);
      while (!isOdd(node) && node !== 0n) [node, last] = [node >> 1n, last >> 1n];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [node, last] = [node >> 1n, last >> 1n];
  }
  return last === 0n && hash.equals(root);
}

/** A tree's size and root. */
export interface TreeHead {
  size: number;
  root: Buffer;
}

/** Whether a proof shows that one tree is the beginning of another (RFC 9162, section 2.1.4.2). */
export function isConsistent(first: TreeHead, second: TreeHead, proof: readonly Buffer[]): boolean {
  if (first.size > second.size) return false;
  if (first.size === second.size) return proof.length === 0 && first.root.equals(second.root);
  if (first.size === 0) return proof.length === 0 && first.root.equals(rootHash([]));
  // Of a whole tree, its root itself is left out of the proof.
  const path = isPowerOfTwo(first.size) ? [first.root, ...proof] : [...proof];
  const [start, ...siblings] = path;
  if (!start) return false;
  let [node, last] = [BigInt(first.size - 1), BigInt(second.size - 1)];
  while (isOdd(node)) [node, last] = [node >> 1n, last >> 1n];
  let [old, now] = [start, start];
  for (const sibling of siblings) {
    if (last === 0n) return false;
    if (isOdd(node) || node === last) {
      [old, now] = [nodeHash(sibling, old), nodeHash(sibling, now)];
      while (!isOdd(node) && node !== 0n) [node, last] = [node >> 1n, last >> 1n];
    } else {
      now = nodeHash(now, sibling);
    }
    [node, last] = [node >> 1n, last >> 1n];
  }
  return last === 0n && old.equals(first.root) && now.equals(second.root);
}

function nodeHash(left: Buffer, right: Buffer): Buffer {
  return createHash('sha256').update(Uint8Array.of(1)).update(left).update(right).digest();
}

/** The largest power of two below a size of at least two. */
function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

function isPowerOfTwo(size: number): boolean {
  return size > 0 && splitOf(size + 1) === size;
}

function isOdd(value: bigint): boolean {
  return (value & 1n) === 1n;
}
