import type { OperationAttribute } from '#tensorflow-kernels';

/** Attributes of an operation by name: `AttributeType` and value. */
export type AttributeValues = Readonly<
  Record<string, readonly [type: number, value: OperationAttribute['value']]>
>;

/** Converts attributes to the binding's form. */
export function attributes(values: AttributeValues): OperationAttribute[] {
  return Object.entries(values).map(([name, [type, value]]) => ({ name, type, value }));
}
