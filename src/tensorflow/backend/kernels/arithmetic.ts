import {
  ArgMax,
  ArgMin,
  BitwiseAnd,
  Diag,
  Einsum,
  Exp,
  LeakyRelu,
  Multinomial,
  Prelu,
  Round,
  ScatterNd,
  Step,
  type ArgMaxAttrs,
  type EinsumAttrs,
  type LeakyReluAttrs,
  type MultinomialAttrs,
  type StepAttrs,
  type TensorInfo,
} from '@tensorflow/tfjs-core';

import { DataType } from '../../c-api/data-types.js';
import { attribute } from '../../c-api/graph-builder.js';
import { RecordingBinding } from '../recording-binding.js';
import { defineKernel, improveKernel, type KernelCall, type Value } from './kernel-call.js';

/** Kernels of numbers, for types and shapes that tfjs-node-gpu's own kernels leave out. */
export function registerArithmeticKernels(): void {
  defineKernel(BitwiseAnd, (call) => call.run('BitwiseAnd', [call.input('a'), call.input('b')]));
  registerUnchainedKernels();
  improveType(Round, 'int32', (call) => call.input('x'));
  improveType(LeakyRelu, 'int32', (call) => {
    const { alpha } = call.attributes as LeakyReluAttrs;
    const x = call.cast(call.input('x'), DataType.FLOAT);
    return call.run('LeakyRelu', [x], [attribute.float('alpha', alpha)]);
  });
  improveType(Step, 'int32', (call) => {
    const { alpha } = call.attributes as StepAttrs;
    const x = call.input('x');
    const isPositive = call.run('Greater', [x, call.integers(0)]);
    return call.run('SelectV2', [isPositive, call.integers(1), call.cast(call.float(alpha), x.dtype)]);
  });
  improveType(Diag, 'bool', (call) => {
    const diagonal = call.run('Diag', [call.cast(call.input('x'), DataType.INT32)]);
    return call.cast(diagonal, DataType.BOOL);
  });
  // TensorFlow takes a vector for the coordinates of one element; tfjs, for those of many elements of a vector.
  improveKernel(ScatterNd, ({ inputs, attrs }) => {
    const { indices } = inputs as { indices: TensorInfo };
    if (indices.shape.length !== 1) return undefined;
    const { shape } = attrs as unknown as { shape: number[] };
    return (call) => {
      const rows = call.reshape(call.input('indices'), [indices.shape[0]!, 1]);
      return call.run('ScatterNd', [rows, call.input('updates'), call.integers(shape)]);
    };
  });
  improveKernel(Einsum, ({ attrs }) => {
    requireKnownLabels((attrs as unknown as EinsumAttrs).equation);
    return undefined;
  });
  // The operation with a state would go on with its numbers where the same seed is given again.
  improveKernel(Multinomial, ({ backend, attrs }) => {
    const { normalized } = attrs as unknown as MultinomialAttrs;
    const { binding } = backend as { binding?: unknown };
    return binding instanceof RecordingBinding && !normalized ? undefined : draw;
  });
}

/** Kernels for which tfjs-node-gpu's call methods of tensors (`x.sub(y)`) that tfjs-core alone does not have. */
function registerUnchainedKernels(): void {
  defineKernel(Prelu, (call) => {
    const [x, alpha] = [call.input('x'), call.input('alpha')];
    const negative = call.run('Minimum', [x, call.cast(call.float(0), x.dtype)]);
    return call.run('AddV2', [call.run('Relu', [x]), call.run('Mul', [alpha, negative])]);
  });
  improveType(Exp, 'int32', (call) => call.run('Exp', [call.cast(call.input('x'), DataType.FLOAT)]));
  for (const kernel of [ArgMax, ArgMin]) {
    improveType(kernel, 'bool', (call) => {
      const { axis } = call.attributes as ArgMaxAttrs;
      const inputs = [call.cast(call.input('x'), DataType.INT32), call.integers(axis)];
      return call.run(kernel, inputs, [attribute.type('output_type', DataType.INT32)]);
    });
  }
}

function improveType(kernel: string, dtype: string, compute: (call: KernelCall) => Value): void {
  improveKernel(kernel, ({ inputs }) => (inputs['x']?.dtype === dtype ? compute : undefined));
}

/** TensorFlow takes a label of the output that no input has for an axis of size 1. */
function requireKnownLabels(equation: string): void {
  const [inputs = '', output = ''] = equation.replaceAll(' ', '').split('->');
  const unknown = output.match(/[a-zA-Z]/g)?.find((label) => !inputs.includes(label));
  if (unknown === undefined) return;
  throw new Error(`Output subscripts contain the label ${unknown} not present in the input subscripts.`);
}

function draw(call: KernelCall): Value {
  const { numSamples, seed, normalized } = call.attributes as MultinomialAttrs;
  const given = call.input('logits');
  const logits = normalized ? call.run('Log', [given]) : given;
  const key = new Int32Array(Float64Array.of(seed).buffer);
  const attributes = [
    attribute.type('output_dtype', DataType.INT32),
    attribute.type('Tseed', DataType.INT32),
  ];
  return call.run(
    'StatelessMultinomial',
    [logits, call.integers(numSamples), call.integers([...key])],
    attributes,
  );
}
