import { Tensor, Variable } from '@tensorflow/tfjs-core';

/** What a step takes and gives: tensors, and values in which they may stand. */
export type Structure =
  | { readonly kind: 'tensor'; readonly index: number }
  | { readonly kind: 'variable'; readonly variable: Variable }
  | { readonly kind: 'plain'; readonly value: string | number | boolean | null | undefined }
  | { readonly kind: 'array'; readonly items: readonly Structure[] }
  | { readonly kind: 'record'; readonly entries: readonly (readonly [string, Structure])[] };

/** A nested value, taken apart: its tensors in order, and where they stand. Variables are no tensors here: a step changes them. */
export interface Flattened {
  readonly structure: Structure;
  readonly tensors: readonly Tensor[];
}

/**
 * Takes a nested value of arrays, plain objects, tensors and plain values apart.
 *
 * @param refuse throws for a value that is none of these
 */
export function flatten(value: unknown, refuse: (what: string, path: string) => never): Flattened {
  const tensors: Tensor[] = [];
  const visit = (part: unknown, path: string): Structure => {
    // Both recognise objects of another copy of tfjs-core, too.
    if (part instanceof Variable) return { kind: 'variable', variable: part as Variable };
    if (part instanceof Tensor) return { kind: 'tensor', index: tensors.push(part as Tensor) - 1 };
    if (Array.isArray(part)) {
      return { kind: 'array', items: part.map((item, index) => visit(item, `${path}[${index}]`)) };
    }
    if (isPlain(part)) return { kind: 'plain', value: part };
    if (!isRecord(part)) return refuse(nameOf(part), path);
    const entries = Object.entries(part).map(([key, item]) => [key, visit(item, `${path}.${key}`)] as const);
    return { kind: 'record', entries };
  };
  const structure = visit(value, '');
  return { structure, tensors };
}

/** Puts a nested value together again, with other tensors in the places of the first ones. */
export function assemble(structure: Structure, tensors: readonly Tensor[]): unknown {
  switch (structure.kind) {
    case 'tensor':
      return tensors[structure.index];
    case 'variable':
      return structure.variable;
    case 'plain':
      return structure.value;
    case 'array':
      return structure.items.map((item) => assemble(item, tensors));
    case 'record':
      return Object.fromEntries(structure.entries.map(([key, item]) => [key, assemble(item, tensors)]));
  }
}

/** What two values have in common that one program can be called with: all but the values of their tensors. */
export function signatureOf({ structure, tensors }: Flattened): string {
  const write = (part: Structure): string => {
    switch (part.kind) {
      case 'tensor': {
        const { dtype, shape } = tensors[part.index]!;
        return `${dtype}[${shape.join()}]`;
      }
      case 'variable':
        return `variable ${part.variable.id}`;
      case 'plain':
        return part.value === undefined ? 'undefined' : JSON.stringify(part.value);
      case 'array':
        return `[${part.items.map(write).join()}]`;
      case 'record':
        return `{${part.entries.map(([key, item]) => `${JSON.stringify(key)}:${write(item)}`).join()}}`;
    }
  };
  return write(structure);
}

function isPlain(value: unknown): value is string | number | boolean | null | undefined {
  return value === null || ['string', 'number', 'boolean', 'undefined'].includes(typeof value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function nameOf(value: unknown): string {
  if (value instanceof Promise) return 'a promise';
  if (typeof value !== 'object' || value === null) return `a ${typeof value}`;
  return `an object of the class ${value.constructor.name}`;
}
