import { createHash } from 'node:crypto';

import type { Checkpoint } from '../../src/artifacts/checkpoint.js';

/**
 * A checkpoint's tensors by name, each as its type, shape and SHA-256: equal where they are bit for bit. Where they are not, a comparison of the
 * tensors themselves would take minutes to print.
 */
export function tensorDigests({ tensors }: Pick<Checkpoint, 'tensors'>): Record<string, string> {
  return Object.fromEntries(
    [...tensors].map(([name, { bytes, ...kind }]) => [
      name,
      `${JSON.stringify(kind)} ${createHash('sha256').update(bytes).digest('hex')}`,
    ]),
  );
}
