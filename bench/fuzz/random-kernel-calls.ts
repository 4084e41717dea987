import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { getKernelsForBackend, tensor, type Tensor } from '@tensorflow/tfjs-core';

import type { Random } from '../../src/core/random.js';

/** A call of a kernel, as random as it can be said. */
export interface KernelCall {
  readonly kernel: string;
  readonly inputs: Record<string, Tensor | Tensor[]>;
  readonly attributes: Record<string, unknown>;
}

/** What tfjs-core declares of a kernel: the names of its inputs, and the types of its attributes as TypeScript has them. */
interface Declaration {
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
}

/** Sizes stay small, and large numbers are so large that no memory can be had for them: bad calls are looked for, not a full memory. */
const SIZES = [0, 1, 1, 2, 2, 3, 4, 5] as const;
const NUMBERS = [-2, -1, 0, 1, 1, 2, 2, 3, 4, 0.5, 9, Number.NaN, Infinity, 2 ** 40] as const;
const TYPES = ['float32', 'float32', 'float32', 'int32', 'int32', 'bool', 'string', 'complex64'] as const;
const ANY_ATTRIBUTE = [undefined, null, 'text', true, [], [1], [-1, 2.5], {}, 3, Number.NaN] as const;

/** Kernels that are asked for pictures of a browser, and one that does not exist. */
const NO_KERNELS = ['NoSuchKernel'];

/** The kernels of a backend, with what tfjs-core's declaration file says of them. */
export function declaredKernels(backend: string): ReadonlyMap<string, Declaration> {
  const core = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-core'));
  const text = readFileSync(join(core, 'kernel_names.d.ts'), 'utf8');
  const names = [...getKernelsForBackend(backend).map(({ kernelName }) => kernelName), ...NO_KERNELS];
  return new Map(names.map((name) => [name, declarationOf(name, text)]));
}

function declarationOf(kernel: string, text: string): Declaration {
  const inputs = new RegExp(`\\b${kernel}Inputs = ([^;]*);`).exec(text)?.[1] ?? 'UnaryInputs';
  const attributes = new RegExp(`interface ${kernel}Attrs \\{([^}]*)\\}`).exec(text)?.[1] ?? '';
  const fields = [...attributes.matchAll(/(\w+)\??: ([^;]*);/g)];
  return {
    inputs: inputs.includes('BinaryInputs')
      ? ['a', 'b']
      : inputs.includes('UnaryInputs')
        ? ['x']
        : inputs.includes('TensorInfo[]') && !inputs.includes('Pick')
          ? ['0', '1']
          : [...inputs.matchAll(/'(\w+)'|(\w+): TensorInfo\[\]/g)].map((match) => match[1] ?? match[2]!),
    attributes: Object.fromEntries(fields.map(([, name, type]) => [name!, type!])),
  };
}

/** Draws a call: mostly such as its kernel declares, often not. */
export function drawCall(random: Random, kernels: ReadonlyMap<string, Declaration>): KernelCall {
  const [kernel, { inputs, attributes }] = pick(random, [...kernels]);
  const base = drawShape(random);
  const type = pick(random, TYPES);
  const given = inputs.filter(() => random.uniform() < 0.97);
  return {
    kernel,
    inputs: Object.fromEntries(given.map((name) => [name, drawInput(random, name, base, type)])),
    attributes: Object.fromEntries(
      Object.entries(attributes).map(([name, declared]) => [name, drawAttribute(random, declared)]),
    ),
  };
}

function drawInput(random: Random, name: string, base: readonly number[], type: string): Tensor | Tensor[] {
  const draw = (): Tensor => {
    const shape = random.uniform() < 0.6 ? [...base] : drawShape(random);
    return drawTensor(random, shape, random.uniform() < 0.8 ? type : pick(random, TYPES));
  };
  return /NestedSplits$|Tensors$/.test(name) ? Array.from({ length: random.integer(3) }, draw) : draw();
}

function drawTensor(random: Random, shape: number[], dtype: string): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const numbers = Array.from({ length: count }, () => pick(random, NUMBERS));
  switch (dtype) {
    case 'string':
      return tensor(numbers.map(String), shape, 'string');
    case 'bool':
      return tensor(
        numbers.map((value) => value > 0),
        shape,
        'bool',
      );
    case 'int32':
      return tensor(Int32Array.from(numbers), shape, 'int32');
    default:
      return tensor(Float32Array.from(numbers), shape, 'float32');
  }
}

function drawShape(random: Random): number[] {
  return Array.from({ length: random.integer(7) }, () => pick(random, SIZES));
}

/** A value of a declared type, or for one time in eight anything at all. */
function drawAttribute(random: Random, declared: string): unknown {
  if (random.integer(8) === 0) return pick(random, ANY_ATTRIBUTE);
  const choice = pick(random, declared.split(' | '));
  const literal = /^'(.*)'$/.exec(choice);
  if (literal) return literal[1];
  if (choice === 'boolean') return random.integer(2) === 1;
  if (choice === 'string') return pick(random, ['ij,jk->ik', 'i,i->', '', 'relu']);
  if (choice === 'number') return pick(random, NUMBERS);
  if (choice === 'number[]') return drawNumbers(random, random.integer(6));
  if (choice === 'string[]') return ['ROW_SPLITS', 'FIRST_DIM_SIZE'].slice(random.integer(2));
  if (choice.includes('[number')) return drawNumbers(random, choice.split('number').length - 1);
  if (choice === 'ExplicitPadding') return Array.from({ length: 4 }, () => drawNumbers(random, 2));
  if (choice.includes('DataType')) return pick(random, TYPES);
  if (choice.includes('Activation')) return pick(random, ['relu', 'prelu', 'linear', 'elu']);
  return pick(random, NUMBERS);
}

function drawNumbers(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => pick(random, NUMBERS));
}

function pick<Value>(random: Random, values: readonly Value[]): Value {
  return values[random.integer(values.length)]!;
}
