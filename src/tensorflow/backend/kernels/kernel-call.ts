import type { NodeJSKernelBackend, TensorMetadata } from '#tensorflow-kernels';
import {
  getKernel,
  registerKernel,
  unregisterKernel,
  type KernelConfig,
  type KernelFunc,
  type TensorInfo,
} from '@tensorflow/tfjs-core';

import { DataType } from '../../c-api/data-types.js';
import { attribute, type NodeAttribute } from '../../c-api/graph-builder.js';
import type { ElementwiseBackend } from '../tensorflow-backend.js';

/** The name under which tfjs knows the backend; tfjs-node-gpu's kernels are registered for it. */
export const BACKEND_NAME = 'tensorflow';

/** A tensor inside a kernel: the binding's number for it, its shape, and TensorFlow's number for its type. */
export type Value = Readonly<TensorMetadata>;

type Parameters = Readonly<globalThis.Parameters<KernelFunc>[0]>;
/** What computes the results of a kernel. */
export type Compute = (call: KernelCall) => Value | readonly Value[];

/**
 * One run of a kernel that takes several of TensorFlow's operations. It frees what lies between them, and everything where one
 * fails. It works on the binding's tensors, so that a step that is being recorded sees each operation.
 */
export class KernelCall {
  readonly #backend: NodeJSKernelBackend;
  readonly #parameters: Parameters;
  readonly #own = new Set<number>();
  /** What tfjs passes, as the interface of the kernel in `tfjs-core/dist/kernel_names.d.ts` declares it. */
  readonly attributes: unknown;

  constructor(parameters: Parameters) {
    this.attributes = parameters.attrs ?? {};
    this.#parameters = parameters;
    this.#backend = tensorFlowOf(parameters.backend);
  }

  /** The input of this name. */
  input(name: string): Value {
    return this.#take(this.#parameters.inputs[name]!);
  }

  /** The inputs under this name. */
  inputs(name: string): Value[] {
    return (this.#parameters.inputs[name] as unknown as TensorInfo[]).map((info) => this.#take(info));
  }

  /** int32: a scalar, or of a list a vector, unless a shape is given. */
  integers(value: number | readonly number[], shape?: readonly number[]): Value {
    const isScalar = typeof value === 'number';
    const values = Int32Array.from(isScalar ? [value] : value);
    return this.#create([...(shape ?? (isScalar ? [] : [value.length]))], DataType.INT32, values);
  }

  /** A scalar of float32. */
  float(value: number): Value {
    return this.#create([], DataType.FLOAT, Float32Array.of(value));
  }

  /** float32: a vector, unless a shape is given. */
  floats(values: readonly number[], shape: readonly number[] = [values.length]): Value {
    return this.#create([...shape], DataType.FLOAT, Float32Array.from(values));
  }

  booleans(values: readonly boolean[], shape: readonly number[]): Value {
    return this.#create([...shape], DataType.BOOL, Uint8Array.from(values, Number));
  }

  /** The strings of a tensor, read. */
  strings({ id }: Value): Uint8Array[] {
    return this.#backend.binding.tensorDataSync(id) as Uint8Array[];
  }

  /** Runs an operation with one output. */
  run(operation: string, inputs: readonly Value[], attributes: readonly NodeAttribute[] = []): Value {
    return this.runAll(operation, inputs, attributes, 1)[0]!;
  }

  /** Runs an operation with any number of outputs. */
  runAll(
    operation: string,
    inputs: readonly Value[],
    attributes: readonly NodeAttribute[],
    outputs: number,
  ): Value[] {
    const results = this.#backend.binding.executeOp(
      operation,
      attributes,
      inputs.map(({ id }) => id),
      outputs,
    );
    for (const { id } of results) this.#own.add(id);
    return results;
  }

  /** The same numbers as another type; the tensor itself where it is of that type. */
  cast(value: Value, type: number): Value {
    if (value.dtype === type) return value;
    const types = [attribute.type('SrcT', value.dtype), attribute.type('DstT', type)];
    return this.run('Cast', [value], [...types, attribute.boolean('Truncate', false)]);
  }

  reshape(value: Value, shape: readonly number[]): Value {
    return this.run('Reshape', [value, this.integers(shape)]);
  }

  transpose(value: Value, permutation: readonly number[]): Value {
    return this.run('Transpose', [value, this.integers(permutation)]);
  }

  /** Runs the kernel and frees what is not its result. */
  finish(compute: Compute): TensorInfo | TensorInfo[] {
    try {
      const results = compute(this);
      return Array.isArray(results)
        ? (results as readonly Value[]).map((result) => this.#handOver(result))
        : this.#handOver(results as Value);
    } finally {
      for (const id of this.#own) this.#backend.binding.deleteTensor(id);
    }
  }

  #handOver(result: Value): TensorInfo {
    const own = this.#own.has(result.id) ? result : this.run('Identity', [result]);
    const tensor = this.#backend.createOutputTensor(own);
    this.#own.delete(own.id);
    return tensor;
  }

  #take(info: TensorInfo): Value {
    const [id] = this.#backend.getInputTensorIds([info]);
    return { id: id!, shape: info.shape, dtype: this.#backend.getDTypeInteger(info.dtype) };
  }

  #create(shape: number[], type: number, values: Int32Array | Float32Array | Uint8Array): Value {
    const id = this.#backend.binding.createTensor(shape, type, values);
    this.#own.add(id);
    return { id, shape, dtype: type };
  }
}

/** tfjs's backend as what it is: kernels are registered for no other. */
export function tensorFlowOf(backend: unknown): ElementwiseBackend {
  return backend as ElementwiseBackend;
}

/** Registers a kernel, in place of one that may be there. */
export function defineKernel(kernelName: string, compute: Compute): void {
  replaceKernel(kernelName, (parameters) => new KernelCall(parameters).finish(compute));
}

/**
 * Registers a kernel for some calls; where it returns nothing, the one that was there before is called.
 *
 * @param choose takes what tfjs passes, and gives what computes the result
 */
export function improveKernel(
  kernelName: string,
  choose: (parameters: Parameters) => Compute | undefined,
): void {
  improveKernelFunction(kernelName, (parameters) => {
    const compute = choose(parameters);
    return compute && new KernelCall(parameters).finish(compute);
  });
}

/** A kernel for some calls; for others it returns undefined, and the one that was there before runs. */
export type PartialKernel = (parameters: Parameters) => TensorInfo | TensorInfo[] | undefined;

/** The same for a kernel that does not compute with a `KernelCall`. */
export function improveKernelFunction(kernelName: string, attempt: PartialKernel): void {
  wrapKernel(kernelName, (kernelFunc) => (parameters) => attempt(parameters) ?? kernelFunc(parameters));
}

/** Registers a kernel that is made of the one that was there before. */
export function wrapKernel(kernelName: string, wrap: (kernelFunc: KernelFunc) => KernelFunc): void {
  replaceKernel(kernelName, wrap(getKernel(kernelName, BACKEND_NAME).kernelFunc));
}

function replaceKernel(kernelName: string, kernelFunc: KernelFunc): void {
  const known = getKernel(kernelName, BACKEND_NAME) as KernelConfig | undefined;
  if (known) unregisterKernel(kernelName, BACKEND_NAME);
  registerKernel({ ...known, kernelName, backendName: BACKEND_NAME, kernelFunc });
}
