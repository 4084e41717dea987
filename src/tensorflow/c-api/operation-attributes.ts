import { ToolkitError } from '../../core/errors.js';
import type { Address, Pointer, TensorFlowApi } from './c-api.js';
import { AttributeType } from './data-types.js';
import type { NodeAttribute } from './graph-builder.js';
import { shapeArgument, toInt64 } from './tensors.js';

/** How `OpDef` calls the types of attributes. */
const TYPE_NAMES: Readonly<Record<number, string>> = {
  [AttributeType.STRING]: 'string',
  [AttributeType.INT]: 'int',
  [AttributeType.FLOAT]: 'float',
  [AttributeType.BOOL]: 'bool',
  [AttributeType.TYPE]: 'type',
  [AttributeType.SHAPE]: 'shape',
};
/** The largest of TensorFlow's numbers for types (tensorflow/core/framework/types.proto). */
const MAX_DATA_TYPE = 64;
const encoder = new TextEncoder();

/** An eager operation that is being set up. */
export interface OperationSetup {
  readonly api: TensorFlowApi;
  readonly status: Pointer;
  readonly address: Address;
  readonly name: string;
  /** The types of the attributes that it has. */
  readonly attributeTypes: ReadonlyMap<string, string>;
}

/** Sets an attribute. Throws TENSORFLOW_FAILED for one that the operation does not have, or that is of another type. */
export function setAttribute(setup: OperationSetup, attribute: NodeAttribute): void {
  const { name, type, value } = attribute;
  const expected = setup.attributeTypes.get(name);
  if (expected === undefined) throw refused(setup, `it has no attribute ${name}`);
  // A shape is itself a list.
  const isList = Array.isArray(value) && type !== AttributeType.SHAPE;
  const given = TYPE_NAMES[type];
  if (given === undefined || expected !== (isList ? `list(${given})` : given)) {
    const found = given === undefined ? `type ${type}` : isList ? `list(${given})` : given;
    throw refused(setup, `the attribute ${name} is ${expected}, not ${found}`);
  }
  if (isList) setList(setup, attribute, value);
  else setOne(setup, attribute);
}

function setOne(setup: OperationSetup, { name, type, value }: NodeAttribute): void {
  const { api, address, status } = setup;
  switch (type) {
    case AttributeType.TYPE:
      api.TFE_OpSetAttrType(address, name, dataType(setup, name, value));
      break;
    case AttributeType.INT:
      api.TFE_OpSetAttrInt(address, name, Math.trunc(number(setup, name, value)));
      break;
    case AttributeType.FLOAT:
      api.TFE_OpSetAttrFloat(address, name, number(setup, name, value));
      break;
    case AttributeType.BOOL:
      api.TFE_OpSetAttrBool(address, name, value ? 1 : 0);
      break;
    case AttributeType.STRING: {
      // Encoded messages are bytes already.
      const bytes = value instanceof Uint8Array ? value : encoder.encode(text(setup, name, value));
      api.TFE_OpSetAttrString(address, name, bytes, bytes.length);
      break;
    }
    default: {
      if (!Array.isArray(value)) throw refused(setup, `the attribute ${name} is no shape`);
      const sizes = shapeArgument(value as number[], `the attribute ${name} of ${setup.name}`, -1);
      api.TFE_OpSetAttrShape(address, name, sizes, sizes.length, status);
      break;
    }
  }
}

function setList(setup: OperationSetup, { name, type }: NodeAttribute, values: readonly unknown[]): void {
  const { api, address } = setup;
  switch (type) {
    case AttributeType.TYPE: {
      const types = Int32Array.from(values, (value) => dataType(setup, name, value));
      api.TFE_OpSetAttrTypeList(address, name, types, types.length);
      break;
    }
    case AttributeType.INT: {
      const integers = values.map((value) => Math.trunc(number(setup, name, value)));
      api.TFE_OpSetAttrIntList(address, name, toInt64(integers), integers.length);
      break;
    }
    case AttributeType.FLOAT: {
      const floats = Float32Array.from(values, (value) => number(setup, name, value));
      api.TFE_OpSetAttrFloatList(address, name, floats, floats.length);
      break;
    }
    case AttributeType.BOOL: {
      const booleans = Uint8Array.from(values, (value) => (value ? 1 : 0));
      api.TFE_OpSetAttrBoolList(address, name, booleans, booleans.length);
      break;
    }
    default: {
      const texts = values.map((value) => text(setup, name, value));
      const bytes = toInt64(texts.map((value) => Buffer.byteLength(value)));
      api.TFE_OpSetAttrStringList(address, name, texts, bytes, texts.length);
      break;
    }
  }
}

function number(setup: OperationSetup, name: string, value: unknown): number {
  const isFloat = setup.attributeTypes.get(name)?.includes('float') ?? false;
  if (typeof value === 'number' && (isFloat || Number.isSafeInteger(Math.trunc(value)))) return value;
  throw refused(setup, `the attribute ${name} is ${String(value)}, which is no number for it`);
}

function dataType(setup: OperationSetup, name: string, value: unknown): number {
  if (Number.isInteger(value) && (value as number) > 0 && (value as number) <= MAX_DATA_TYPE) {
    return value as number;
  }
  throw refused(setup, `the attribute ${name} is ${String(value)}, which is no type`);
}

function text(setup: OperationSetup, name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw refused(setup, `the attribute ${name} is ${typeof value}, not a text`);
}

function refused({ name }: OperationSetup, reason: string): ToolkitError {
  return new ToolkitError('TENSORFLOW_FAILED', { operation: name, reason });
}
