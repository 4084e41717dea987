import { join } from 'node:path';

import { versionFiles, type RegisteredVersion } from '../artifacts/model-registry.js';
import { isToolkitError, ToolkitError } from '../core/errors.js';
import { comparePaired, SIGNIFICANCE, type PairedComparison } from '../evaluation/mcnemar.js';
import { requireQuality } from '../evaluation/quality-gate.js';
import { readPredictions } from './predictions.js';

/**
 * Refuses a version that is significantly worse than the one in production, by McNemar's exact test on the test images. Throws
 * PROMOTION_REFUSED, and MODEL_CORRUPT for the new version.
 */
export async function requireNotWorse(
  candidate: RegisteredVersion,
  production: RegisteredVersion,
): Promise<PairedComparison> {
  const ours = await readPredictions(join(candidate.folder, versionFiles.predictions));
  const theirs = await readPredictions(join(production.folder, versionFiles.predictions)).catch(
    (error: unknown) => {
      if (!isToolkitError(error)) throw error;
      throw refused(
        candidate,
        `version ${production.version}, in production, cannot be compared: ${error.message}`,
      );
    },
  );
  if (Buffer.compare(ours.labels, theirs.labels) !== 0) {
    throw refused(
      candidate,
      `version ${production.version}, in production, was measured on other test images`,
    );
  }
  const comparison = comparePaired(ours.labels, ours.predictions, theirs.predictions);
  const { onlyFirst, onlySecond, pValue } = comparison;
  if (onlySecond > onlyFirst && pValue < SIGNIFICANCE) {
    const counts = `only production is right on ${onlySecond} test images, only the new version on ${onlyFirst}`;
    throw refused(
      candidate,
      `worse than version ${production.version}, in production: ${counts}, p = ${pValue.toPrecision(2)}`,
    );
  }
  return comparison;
}

/** Refuses a version whose accuracy on the test images is too low. Throws QUALITY_GATE_NOT_MET. */
export function requireAccuracy(accuracy: number, minimum: number | undefined): void {
  requireQuality(accuracy, minimum, 'test');
}

function refused({ name, version }: RegisteredVersion, reason: string): ToolkitError {
  return new ToolkitError('PROMOTION_REFUSED', { name, version, reason });
}
