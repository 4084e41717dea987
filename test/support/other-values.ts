import { isDeepStrictEqual } from 'node:util';

import { z } from 'zod';

/** Values of an option that differ from its default, made from its schema; none where only a person can think of one. */
export function otherValues(schema: z.ZodType): unknown[] {
  const fallback = schema.safeParse(undefined).data;
  const isOther = (value: unknown): boolean =>
    schema.safeParse(value).success && !isDeepStrictEqual(schema.parse(value), fallback);
  return candidates(schema, fallback).filter(isOther);
}

function candidates(schema: z.ZodType, fallback: unknown): unknown[] {
  const { enum: named } = inner(schema) as { enum?: Record<string, unknown> };
  if (named) return Object.values(named);
  if (typeof fallback === 'boolean') return [!fallback];
  if (typeof fallback === 'number') {
    return [fallback * 2, fallback / 2, fallback + 1, fallback - 1, fallback / 10, 1 - fallback, 0.5, 1, 2];
  }
  if (Array.isArray(fallback) && typeof fallback[0] === 'number')
    return [[...(fallback as number[]), 3], [3]];
  return [];
}

/** The schema without its default. */
function inner(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodDefault ? inner(schema.unwrap() as z.ZodType) : schema;
}
