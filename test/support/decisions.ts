import type { StoredDecision } from '../../src/artifacts/decision.js';
import { sha256OfFile } from '../../src/core/hashing.js';

/** What `calibrate` would store for a checkpoint of MNIST, with a rule that changes nothing but for the given changes. */
export async function storedDecision(
  checkpoint: string,
  changes: Partial<StoredDecision> = {},
): Promise<StoredDecision> {
  const classNames = Array.from({ length: 10 }, (_, digit) => String(digit));
  return {
    format: 'mnist-train/decision',
    version: 1,
    toolkit: '0.1.0',
    createdAt: '2026-01-02T03:04:05.678Z',
    checkpoint: { run: 'any', sha256: await sha256OfFile(checkpoint) },
    classNames,
    temperature: 1,
    thresholds: classNames.map(() => 0),
    costs: null,
    abstentionCost: null,
    measured: [],
    ...changes,
  };
}
