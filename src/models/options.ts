import { z } from 'zod';

import { activationNames } from './activations.js';
import { normalizationNames } from './layers/normalized-convolution.js';
import { initializerNames, type InitializerName } from './initializers.js';

/** The number of filters of each convolution. */
export function filtersOption(
  fallback: number[],
  description: string,
): z.ZodDefault<z.ZodArray<z.ZodNumber>> {
  return z.array(z.int().min(1).max(4096)).min(1).max(64).default(fallback).meta({ description });
}

export const kernelSizeOption = z
  .int()
  .min(1)
  .max(31)
  .default(3)
  .meta({ description: 'kernel size of the convolutions' });

/** The dropout rate. */
export function dropoutOption(fallback: number, place: string): z.ZodDefault<z.ZodNumber> {
  const description = `dropout rate ${place}`;
  return z.number().min(0).lt(1).default(fallback).meta({ description });
}

export const activationOption = z
  .enum(activationNames)
  .default('relu')
  .meta({ description: 'activation function' });

/** The weight initialisation. */
export function initializerOption(
  fallback: InitializerName,
): z.ZodDefault<z.ZodEnum<{ [Name in InitializerName]: Name }>> {
  return z.enum(initializerNames).default(fallback).meta({ description: 'weight initialisation' });
}

/** Batch normalisation, or what does without the other images of a batch. */
export const normalizationOption = z.enum(normalizationNames).default('batch').meta({
  description: 'normalisation after the convolutions; group is for small batches and for --private',
});

/** A normalisation in the description of a model. */
export function normalizationText(normalization: z.output<typeof normalizationOption>): string {
  return `${normalization} norm`;
}
