import type { LiteOperator } from './graph.js';
import { activationTypes, paddings, tensorTypes } from './schema.js';

/** A field of a table of options: its slot, its value, and what a reader assumes where it is left out. */
export interface OptionField {
  slot: number;
  type: 'int8' | 'int32' | 'float32' | 'bool';
  value: number;
  fallback: number;
}

const int8 = (slot: number, value: number): OptionField => ({ slot, type: 'int8', value, fallback: 0 });
const bool = (slot: number, value: boolean): OptionField => ({
  slot,
  type: 'bool',
  value: Number(value),
  fallback: 0,
});
const float32 = (slot: number, value: number): OptionField => ({ slot, type: 'float32', value, fallback: 0 });
const int32 = (slot: number, value: number, fallback = 0): OptionField => ({
  slot,
  type: 'int32',
  value,
  fallback,
});

/** The fields of an operator's options, as the tables of the schema have them. */
export function optionFields(operator: LiteOperator): OptionField[] {
  const { name, inputs, outputs, options } = operator;
  const {
    activation = 'NONE',
    axis = 0,
    adjoint = [false, false],
    keepDimensions = false,
    alpha = 0,
  } = options;
  const active = activationTypes[activation];
  switch (name) {
    case 'CONV_2D':
      return [...windowFields(operator), int8(3, active), ...dilationFields(operator, 4)];
    case 'DEPTHWISE_CONV_2D': {
      const multiplier = int32(3, options.depthMultiplier ?? 1);
      return [...windowFields(operator), multiplier, int8(4, active), ...dilationFields(operator, 5)];
    }
    case 'AVERAGE_POOL_2D':
    case 'MAX_POOL_2D': {
      const [height, width] = options.window ?? [1, 1];
      return [...windowFields(operator), int32(3, width), int32(4, height), int8(5, active)];
    }
    case 'ADD':
    case 'SUB':
    case 'MUL':
    case 'DIV':
    case 'FULLY_CONNECTED':
      return [int8(0, active)];
    case 'BATCH_MATMUL':
      return [bool(0, adjoint[0]), bool(1, adjoint[1])];
    case 'CAST':
      return [int8(0, tensorTypes[inputs[0]!.type]), int8(1, tensorTypes[outputs[0]!.type])];
    case 'CONCATENATION':
      return [int32(0, axis), int8(1, active)];
    case 'LEAKY_RELU':
      return [float32(0, alpha)];
    case 'MEAN':
    case 'SUM':
    case 'REDUCE_MAX':
    case 'REDUCE_MIN':
    case 'REDUCE_PROD':
      return [bool(0, keepDimensions)];
    case 'PACK':
      return [int32(0, inputs.length), int32(1, axis)];
    case 'UNPACK':
      return [int32(0, outputs.length), int32(1, axis)];
    case 'SOFTMAX':
      return [float32(0, 1)];
    case 'SPLIT_V':
      return [int32(0, outputs.length)];
    default:
      return [];
  }
}

function windowFields({ options: { padding = 'VALID', strides = [1, 1] } }: LiteOperator): OptionField[] {
  return [int8(0, paddings[padding]), int32(1, strides[1]), int32(2, strides[0])];
}

function dilationFields({ options: { dilations = [1, 1] } }: LiteOperator, slot: number): OptionField[] {
  return [int32(slot, dilations[1], 1), int32(slot + 1, dilations[0], 1)];
}
