import type { OperationAttribute } from '#tensorflow-kernels';

/** Attributes of an operation by name: TensorFlow's number for the attribute's type, and the value. */
export type AttributeValues = Readonly<Record<string, readonly [type: number, value: OperationAttribute['value']]>>;

/** Attributes as the binding takes them. */
export function attributes(values: AttributeValues): OperationAttribute[] {
  return Object.entries(values).map(([name, [type, value]]) => ({ name, type, value }));
}
