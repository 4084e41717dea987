import type { DataType } from '@tensorflow/tfjs-core';

import { ToolkitError } from '../../core/errors.js';

/** A type of a SavedModel's tensors: TensorFlow's number and name, and the type that represents it in tfjs. */
export interface ModelDataType {
  readonly number: number;
  readonly name: string;
  readonly dtype: DataType | undefined;
}

/** The types of tensorflow/core/framework/types.proto, in the order of their numbers. */
const TYPES: readonly (readonly [name: string, dtype?: DataType])[] = [
  ['DT_INVALID'],
  ['DT_FLOAT', 'float32'],
  ['DT_DOUBLE', 'float32'],
  ['DT_INT32', 'int32'],
  ['DT_UINT8', 'int32'],
  ['DT_INT16', 'int32'],
  ['DT_INT8', 'int32'],
  ['DT_STRING', 'string'],
  ['DT_COMPLEX64', 'complex64'],
  ['DT_INT64', 'int32'],
  ['DT_BOOL', 'bool'],
  ['DT_QINT8'],
  ['DT_QUINT8'],
  ['DT_QINT32'],
  ['DT_BFLOAT16', 'float32'],
  ['DT_QINT16'],
  ['DT_QUINT16'],
  ['DT_UINT16', 'int32'],
  ['DT_COMPLEX128'],
  ['DT_HALF', 'float32'],
  ['DT_RESOURCE'],
  ['DT_VARIANT'],
  ['DT_UINT32', 'int32'],
  ['DT_UINT64', 'int32'],
];

/** A type by TensorFlow's number. Throws USAGE, with tfjs-node's message, if tfjs cannot represent it. */
export function modelDataType(number: number): ModelDataType & { readonly dtype: DataType } {
  const [name = `type ${number}`, dtype] = TYPES[number] ?? [];
  if (dtype !== undefined) return { number, name, dtype };
  throw new ToolkitError('USAGE', {
    message: `Unsupported tensor DataType: ${name}, try to modify the model in python to convert the datatype`,
    hint: 'export the model with inputs and outputs of another type',
  });
}

/** TensorFlow's number for a type such as DT_FLOAT; undefined for an unknown name. */
export function modelDataTypeNumber(name: string): number | undefined {
  const number = TYPES.findIndex(([other]) => other === name);
  return number < 0 ? undefined : number;
}
