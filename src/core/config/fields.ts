import { z } from 'zod';

import { ANY_TEXT, listOf, variableOf, type Field, type OnlyWith } from './field.js';

export { flagOf, isFreeText, parseText, variableOf, type Field, type OnlyWith } from './field.js';

/** The metadata of a field's schema, given with zod's `meta()`. */
export interface FieldMeta {
  description: string;
  /** The allowed values, if the type does not express them. */
  allowed?: string;
  placeholder?: string;
  /** The environment variable, if not `MNIST_` and the name. */
  variable?: string;
  /** Without these options it has no effect, and is refused. */
  onlyWith?: OnlyWith;
  /** The option that a plug-in is meant for whose file is given as the value. */
  pluginFor?: string;
}

interface JsonSchema extends Partial<FieldMeta> {
  type?: 'string' | 'number' | 'integer' | 'boolean' | 'array';
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  /** A discriminated union. */
  oneOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
}

/** Deriving the fields takes zod milliseconds, and the commands share many schemas. */
const derived = new WeakMap<z.ZodObject, ReadonlyMap<string, Field>>();

/** The fields of an object schema, by key. */
export function fieldsOf(schema: z.ZodObject): ReadonlyMap<string, Field> {
  const fields = derived.get(schema) ?? deriveFields(schema);
  derived.set(schema, fields);
  return fields;
}

function deriveFields(schema: z.ZodObject): ReadonlyMap<string, Field> {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input' }) as {
    properties?: Record<string, JsonSchema>;
  };
  return new Map(Object.entries(properties).map(([key, property]) => [key, toField(key, property)]));
}

/** A place inside an option's value, such as the third layer's `units`. */
export interface NestedPlace {
  /** The path: `layers[2].units`. */
  suffix: string;
  value: unknown;
  /** The allowed values in words; undefined if the schema does not say. */
  allowed: string | undefined;
  /** The sibling keys. */
  siblings: string[];
}

/** Follows a path into an option's value and its schema. */
export function nestedPlace(schema: z.ZodObject, path: readonly PropertyKey[], value: unknown): NestedPlace {
  let here: JsonSchema | undefined = z.toJSONSchema(schema, { io: 'input' }) as JsonSchema;
  let siblings: string[] = [];
  let held = value;
  for (const [index, step] of path.entries()) {
    const holder: JsonSchema = here?.oneOf ? variantOf(here.oneOf, held) : { ...here };
    const properties: Record<string, JsonSchema> = holder.properties ?? {};
    siblings = Object.keys(properties);
    here = typeof step === 'number' ? here?.items : properties[String(step)];
    if (index > 0) held = (held as Record<PropertyKey, unknown> | undefined)?.[step];
  }
  const suffix = path.slice(1).map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`));
  return { suffix: suffix.join(''), value: held, siblings, allowed: here && allowedInside(here) };
}

function allowedInside(schema: JsonSchema): string {
  return schema.oneOf ? 'an object with a type' : allowedBy(schema);
}

/** The variant of a union discriminated by `type` that a value belongs to; for an unknown type, one that allows all types. */
function variantOf(variants: readonly JsonSchema[], value: unknown): JsonSchema {
  const typeOf = ({ properties }: JsonSchema): unknown => properties?.['type']?.const;
  const found = variants.find((variant) => typeOf(variant) === (value as { type?: unknown } | null)?.type);
  return found ?? { properties: { type: { enum: variants.map(typeOf) } } };
}

const PLACEHOLDERS: Readonly<Record<Field['kind'], string>> = {
  number: 'N',
  list: 'N,N,…',
  text: 'NAME',
  texts: 'NAME,…',
  mixed: 'VALUE',
  boolean: '',
  structure: 'JSON',
};

function toField(key: string, schema: JsonSchema): Field {
  const kind = kindOf(schema);
  return {
    key,
    kind,
    description: schema.description ?? '',
    allowed: allowedBy(schema),
    ...valuesOf(schema),
    fallback: schema.default,
    placeholder: schema.placeholder ?? PLACEHOLDERS[kind],
    variable: schema.variable ?? variableOf(key),
    ...(schema.onlyWith && { onlyWith: schema.onlyWith }),
    ...(schema.pluginFor !== undefined && { pluginFor: schema.pluginFor }),
  };
}

function valuesOf({ enum: values, items, anyOf = [] }: JsonSchema): Pick<Field, 'values'> {
  const nested = [items, ...anyOf].flatMap((schema) => (schema ? (valuesOf(schema).values ?? []) : []));
  const all = [...(values ?? []), ...nested].map(String);
  return all.length === 0 ? {} : { values: all };
}

function kindOf({ type, anyOf, items }: JsonSchema): Field['kind'] {
  if (anyOf) return 'mixed';
  if (type === 'boolean') return 'boolean';
  if (type === 'number' || type === 'integer') return 'number';
  if (type !== 'array') return 'text';
  if (items?.oneOf) return 'structure';
  return items?.type === 'string' ? 'texts' : 'list';
}

function allowedBy(schema: JsonSchema): string {
  if (schema.allowed !== undefined) return schema.allowed;
  if (schema.enum) return `one of ${schema.enum.join(', ')}`;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.anyOf) return schema.anyOf.map(allowedBy).join(' or ');
  switch (schema.type) {
    case 'boolean':
      return 'true or false';
    case 'integer':
      return `a whole number${boundsOf(schema)}`;
    case 'number':
      return `a number${boundsOf(schema)}`;
    case 'array':
      return listOf(allowedBy(schema.items ?? {}));
    default:
      return ANY_TEXT;
  }
}

function boundsOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): string {
  const bounds = [
    exclusiveMinimum !== undefined ? `above ${exclusiveMinimum}` : undefined,
    minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER ? `from ${minimum}` : undefined,
    exclusiveMaximum !== undefined
      ? `${minimum === undefined ? 'and' : 'to'} below ${exclusiveMaximum}`
      : undefined,
    maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER
      ? `${minimum === undefined ? 'and up to' : 'to'} ${maximum}`
      : undefined,
  ].filter((bound) => bound !== undefined);
  return bounds.length > 0 ? ` ${bounds.join(' ').replace(/^and /, '')}` : '';
}
