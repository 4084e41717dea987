import { z } from 'zod';

import { activationNames } from './activations.js';
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
