import { z } from 'zod';

import { preparationNames } from '../../data/imaging/prepare.js';
import { MODEL_ID } from './encrypted-file.js';
import { objectSizes, parametersSchema, slotCount, weaknessOf, type ObjectSizes } from './parameters.js';
import { planSquareNet, type Plan } from './plan.js';

const side = z.int().min(1).max(8192);
const probability = z.number().min(0).max(1);

/**
 * What clients need to know of a model: to make keys, to pack images and to read answers. It is public: `parameters.json` in the
 * exported folder, and the server's answer to `GET /encrypted/model`.
 */
const descriptionSchema = z.strictObject({
  format: z.literal('mnist-train/encrypted-model'),
  version: z.literal(1),
  /** The beginning of the SHA-256 of the packed weights. */
  model: z.string().regex(MODEL_ID),
  run: z.string().max(1000),
  parameters: parametersSchema,
  net: z.strictObject({
    filters: z.array(z.int().min(1).max(4096)).length(1),
    kernelSize: z.int().min(1).max(31),
    stride: z.int().min(1).max(31),
    denseUnits: z.int().min(1).max(65_536),
  }),
  /** Logits are multiplied with it before they are encrypted, so that they stay below what the last prime can hold. */
  logitFactor: z.number().positive(),
  shape: z.strictObject({ height: side, width: side, channels: side }),
  classNames: z.array(z.string().max(1000)).min(1).max(256),
  /** Pixel × scale + offset. */
  preprocessing: z.strictObject({ scale: z.number(), offset: z.number() }),
  /** How pictures become images: for a page, and for those who decode files as an import does. */
  preparation: z.enum(preparationNames),
  data: z.strictObject({
    dataset: z.string().max(1000),
    imported: z
      .strictObject({
        fit: z.enum(['pad', 'crop', 'stretch']).optional(),
        centre: z.enum(['none', 'mass']),
        invert: z.enum(['auto', 'yes', 'no']),
      })
      .optional(),
  }),
  /** How logits become decisions. */
  rule: z.strictObject({
    temperature: z.number().positive(),
    policy: z.strictObject({
      classNames: z.array(z.string().max(1000)).min(1).max(256),
      thresholds: z.array(probability).max(256),
      costs: z
        .array(z.array(z.number().min(0)).max(256))
        .max(256)
        .nullable(),
      abstentionCost: z.number().min(0).nullable(),
    }),
  }),
});

export type EncryptedModelDescription = z.output<typeof descriptionSchema>;

/** A described model, with what follows from its description. */
export interface EncryptedModel {
  readonly description: EncryptedModelDescription;
  readonly plan: Plan;
  readonly sizes: ObjectSizes;
}

/**
 * Checks a description, which may come from anybody: also that its parameters give 128-bit security, and that the net fits the slots.
 * Throws an Error.
 */
export function encryptedModelOf(value: unknown): EncryptedModel {
  const description = descriptionSchema.parse(value);
  const { parameters, net, shape, classNames, rule } = description;
  const weakness = weaknessOf(parameters);
  if (weakness !== undefined) throw new Error(weakness);
  if (parameters.coeffModulusBits.length !== PRIMES) throw new Error(`a square net needs ${PRIMES} primes`);
  if (
    rule.policy.classNames.length !== classNames.length ||
    rule.policy.thresholds.length !== classNames.length
  ) {
    throw new Error('its decision rule is not for its classes');
  }
  const plan = planSquareNet({ shape, options: net, classes: classNames.length }, slotCount(parameters));
  if (typeof plan === 'string') throw new Error(plan);
  return { description, plan, sizes: objectSizes(parameters, plan.rotations.length) };
}

/** One for each of the five multiplications, one that remains, and one for the keys. */
const PRIMES = 7;
