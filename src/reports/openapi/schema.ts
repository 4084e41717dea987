import type { ApiSchema } from './description.js';

/** JSON Schema's way to say that an integer has no bound. */
const UNBOUNDED = Number.MAX_SAFE_INTEGER;

/** The fields of a schema, one below the other, as a table has them: name, type, whether it is required, description. */
export function fieldsOf(schema: ApiSchema, prefix = ''): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    const isRequired = schema.required?.includes(name) ?? false;
    const inner = field.items ?? field;
    return [
      [path, typeOf(field), isRequired ? 'yes' : 'no', field.description ?? ''],
      ...fieldsOf(inner, `${path}${field.items ? '[]' : ''}.`),
    ];
  });
}

/** A type in words, with its bounds: "integer, 0 or more". */
function typeOf({
  type = 'any',
  anyOf,
  items,
  minimum,
  maximum = UNBOUNDED,
  maxLength,
  maxItems,
}: ApiSchema): string {
  if (anyOf) return anyOf.map(typeOf).join(' or ');
  const name = items ? `array of ${items.type ?? 'any'}` : type;
  const most = maximum === UNBOUNDED ? undefined : maximum;
  return [
    name,
    ...(minimum === undefined ? [] : [most === undefined ? `${minimum} or more` : `${minimum} to ${most}`]),
    ...(maxLength === undefined ? [] : [`up to ${maxLength} characters`]),
    ...(maxItems === undefined ? [] : [`up to ${maxItems}`]),
  ].join(', ');
}

/** A value of a schema, with its required fields alone, to begin with. */
export function exampleOf({
  type,
  anyOf,
  properties = {},
  required = [],
  items,
  minimum = 0,
  ...schema
}: ApiSchema): unknown {
  if (schema.default !== undefined) return schema.default;
  if (anyOf?.[0]) return exampleOf(anyOf[0]);
  if (type === 'object') {
    // Without any that is required, all are shown.
    const names = required.length > 0 ? required : Object.keys(properties);
    return Object.fromEntries(names.map((name) => [name, exampleOf(properties[name] ?? {})]));
  }
  if (type === 'array') return [exampleOf(items ?? {})];
  if (type === 'integer' || type === 'number') return minimum;
  if (type === 'boolean') return false;
  return type === 'string' ? '' : null;
}
