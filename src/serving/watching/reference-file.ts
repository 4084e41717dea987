import { dirname, join } from 'node:path';

import { z } from 'zod';

import { REFERENCE_FILE } from '../../artifacts/model-registry.js';
import { ToolkitError } from '../../core/errors.js';
import { readTextIfThere } from '../../core/files.js';
import { complaintOf } from '../../core/validation.js';
import { describeValues, type Reference } from './reference.js';
import { colourFeatures, imageFeatures } from './statistics.js';

const sample = z.array(z.number()).min(1).max(100_000);
const names = [...imageFeatures, ...colourFeatures, 'confidence'] as const;
/** Missing for grey images, and in references of older versions. */
const optional: ReadonlySet<string> = new Set(colourFeatures);

const referenceSchema = z.strictObject({
  format: z.literal('mnist-train/reference'),
  version: z.literal(1),
  /** The prepared data that it describes; it means nothing for a model of others. */
  fingerprint: z.string(),
  shape: z.strictObject({ height: z.int().min(1), width: z.int().min(1), channels: z.int().min(1) }),
  /** What was measured of each image of a sample, in rising order. */
  features: z.strictObject(
    Object.fromEntries(names.map((name) => [name, optional.has(name) ? sample.optional() : sample])),
  ),
  /** How often each class was predicted. */
  classes: z.array(z.number().min(0)).min(1).max(256),
});

/** The path of a checkpoint's reference: in the checkpoint's folder. */
export function referencePath(checkpointPath: string): string {
  return join(dirname(checkpointPath), REFERENCE_FILE);
}

/** A reference as the text of its file. */
export function encodeReference({ shape, features, classes }: Reference, fingerprint: string): string {
  const samples = [...features].map(([name, { sample: values }]) => [name, [...values]] as const);
  const file = { format: 'mnist-train/reference', version: 1, fingerprint, shape };
  return `${JSON.stringify({ ...file, features: Object.fromEntries(samples), classes: [...classes] })}\n`;
}

/**
 * The reference beside a checkpoint; undefined where there is none, or one of other data. Throws MODEL_CORRUPT or
 * DATA_UNREADABLE.
 */
export async function readReference(
  checkpointPath: string,
  fingerprint: string,
): Promise<Reference | undefined> {
  const path = referencePath(checkpointPath);
  const text = await readTextIfThere(path);
  if (text === undefined) return undefined;
  try {
    const stored = referenceSchema.parse(JSON.parse(text));
    if (stored.fingerprint !== fingerprint) return undefined;
    const described = names.flatMap((name) => {
      const values = stored.features[name];
      return values ? [[name, describeValues(Float64Array.from(values).sort())] as const] : [];
    });
    return {
      shape: stored.shape,
      features: new Map(described),
      classes: Float64Array.from(stored.classes),
    };
  } catch (error) {
    throw new ToolkitError('MODEL_CORRUPT', { path, reason: complaintOf(error) }, { cause: error });
  }
}
