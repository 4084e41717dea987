import { dirname, join } from 'node:path';

import { z } from 'zod';

import { isKeyError } from '../core/encryption/key-errors.js';
import { ToolkitError } from '../core/errors.js';
import { readTextWithin, writeFileAtomically } from '../core/files.js';
import { complaintOf } from '../core/validation.js';
import type { StoredLikeness } from './likeness/stored-likeness.js';

/** Larger than any: enough for the costs and curves of 256 classes. */
const MAX_BYTES = 16 * 2 ** 20;
/** The accepted temperatures, for which probabilities stay finite; typical ones are near 1. */
const TEMPERATURES = { least: 1e-4, most: 1e4 } as const;
/** Of an image in 256 channels. */
const MAX_FEATURES = 8192;
const cost = z.number().min(0).max(1e12);

const share = z.number().min(0).max(1);

const interval = z.strictObject({ low: share, high: share });

/** What a policy decides about some images: mean cost, and how often each class is found. */
const outcome = z.strictObject({
  /** The mean cost of an image, by the costs that were given (1 for an error, without any). */
  expectedCost: z.number().min(0),
  /** Decided images. Row: actual class; column: decision. */
  confusion: z.array(z.array(z.int().min(0))),
  /** Images of each actual class that are sent to a person. */
  abstained: z.array(z.int().min(0)),
  /** Recall counts images that are sent to a person as not found. Null without images, or without decisions for the class. */
  perClass: z.array(
    z.strictObject({
      name: z.string(),
      support: z.int().min(0),
      recall: share.nullable(),
      recallInterval: interval.nullable(),
      precision: share.nullable(),
      precisionInterval: interval.nullable(),
    }),
  ),
});

/** What a policy decides about some images. Intervals are 95 % confidence intervals (Wilson). */
export type DecisionOutcome = z.infer<typeof outcome>;

const measured = z.strictObject({
  split: z.enum(['validation', 'test']),
  n: z.int().min(0),
  accuracy: share,
  /** Mean cross-entropy (nats) and expected calibration error, without and with the temperature. */
  loss: z.strictObject({ before: z.number().min(0), after: z.number().min(0) }),
  expectedCalibrationError: z.strictObject({ before: share, after: share }),
  /** The coverage and accuracy of the policy on these images. */
  policy: z.strictObject({ coverage: share, accuracy: share }),
  /** Decisions for the most probable class, and those of the policy; missing in old files. */
  outcome: z.strictObject({ before: outcome, after: outcome }).optional(),
  /** The coverage–accuracy curve for one threshold for all classes. */
  curve: z.array(z.strictObject({ threshold: share, coverage: share, accuracy: share })),
});

const likeness = z
  .strictObject({
    method: z.literal('mahalanobis'),
    falseAlarms: share,
    features: z.int().min(1).max(MAX_FEATURES),
    threshold: z.number().positive(),
    flagged: z.strictObject({ validation: share, test: share }),
    parameters: z.base64(),
  })
  .refine(({ features, parameters }) => hasParameters(features, parameters), {
    path: ['parameters'],
    message: 'are not finite numbers for so many features',
  }) satisfies z.ZodType<StoredLikeness>;

/** Whether there are the triangle and at least one mean. */
function hasParameters(features: number, parameters: string): boolean {
  const bytes = Buffer.from(parameters, 'base64');
  const centres = bytes.length / 4 - (features * (features + 1)) / 2;
  if (centres < features || centres % features !== 0) return false;
  return Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(4 * at)).every(
    Number.isFinite,
  );
}

const decisionSchema = z
  .strictObject({
    format: z.literal('mnist-train/decision'),
    version: z.literal(1),
    toolkit: z.string(),
    createdAt: z.iso.datetime(),
    /** The checkpoint that it was made for; it is invalid for others. */
    checkpoint: z.strictObject({ run: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
    classNames: z.array(z.string()).min(1).max(256),
    temperature: z.number().min(TEMPERATURES.least).max(TEMPERATURES.most),
    thresholds: z.array(share),
    costs: z.array(z.array(cost)).nullable(),
    /** The costs as given and the target recalls, by which `costs` were chosen; missing in old files. */
    given: z
      .strictObject({
        costs: z.array(z.array(cost)).nullable(),
        targetRecall: z.record(z.string(), share).nullable(),
      })
      .optional(),
    abstentionCost: cost.nullable(),
    measured: z.array(measured),
    /** Missing in old files, and where it cannot be told or must not be: few validation images, private training images. */
    likeness: likeness.optional(),
  })
  .refine(({ classNames, thresholds }) => thresholds.length === classNames.length, {
    path: ['thresholds'],
    message: 'needs one value per class',
  })
  .refine(({ classNames, costs }) => costs === null || isSquare(costs, classNames.length), {
    path: ['costs'],
    message: 'needs one row and one column per class',
  })
  .refine(({ classNames, given }) => !given?.costs || isSquare(given.costs, classNames.length), {
    path: ['given', 'costs'],
    message: 'needs one row and one column per class',
  });

/** Whether a matrix has `size` rows and columns. */
export function isSquare(matrix: readonly (readonly number[])[], size: number): boolean {
  return matrix.length === size && matrix.every((row) => row.length === size);
}

/** The temperature and decision policy of a checkpoint, with their measured results. */
export type StoredDecision = z.infer<typeof decisionSchema>;

/** The results of a temperature and a policy on a split. */
export type MeasuredDecision = z.infer<typeof measured>;

/** The path of a checkpoint's decision file, in the same folder. */
export function decisionPath(checkpointPath: string): string {
  return join(dirname(checkpointPath), 'decision.json');
}

/** Writes the decision file of a checkpoint. Throws STORAGE_FULL or STORAGE_DENIED. */
export async function writeDecision(checkpointPath: string, decision: StoredDecision): Promise<string> {
  const path = decisionPath(checkpointPath);
  await writeFileAtomically(path, `${JSON.stringify(decisionSchema.parse(decision), undefined, 2)}\n`);
  return path;
}

/** Reads the decision file of a checkpoint; undefined if there is none. Throws DECISION_INVALID. */
export async function readDecision(checkpointPath: string): Promise<StoredDecision | undefined> {
  const path = decisionPath(checkpointPath);
  try {
    const text = await readTextWithin(path, MAX_BYTES);
    return text === undefined ? undefined : decisionSchema.parse(JSON.parse(text));
  } catch (error) {
    if (isKeyError(error)) throw error;
    throw new ToolkitError('DECISION_INVALID', { path, reason: complaintOf(error) }, { cause: error });
  }
}
