import {
  type ElementType,
  type LiteGraph,
  type LiteOperator,
  type LiteTensor,
  type OperatorName,
  type OperatorOptions,
  type TensorValues,
} from './graph.js';

/** Builds a graph operator by operator, and lets the last ones take in what follows them. */
export class GraphWriter {
  readonly operators: LiteOperator[] = [];
  readonly #producers = new Map<LiteTensor, LiteOperator>();
  #count = 0;

  /** A result of a shape, with a name of its own. */
  tensor(shape: readonly number[], name: string, type: ElementType = 'float32'): LiteTensor {
    return { name: `${name}_${this.#count++}`, type, shape };
  }

  constant(
    values: TensorValues,
    shape: readonly number[],
    type: ElementType,
    more: Partial<LiteTensor> = {},
  ): LiteTensor {
    return { name: `constant_${this.#count++}`, type, shape, values, ...more };
  }

  floats(values: readonly number[] | Float32Array, shape: readonly number[] = [values.length]): LiteTensor {
    return this.constant(Float32Array.from(values), shape, 'float32');
  }

  integers(values: readonly number[]): LiteTensor {
    return this.constant(Int32Array.from(values), [values.length], 'int32');
  }

  integer(value: number): LiteTensor {
    return this.constant(Int32Array.of(value), [], 'int32');
  }

  /** Adds an operator with one result, and returns the result. */
  add(
    name: OperatorName,
    inputs: (LiteTensor | undefined)[],
    shape: readonly number[],
    options: OperatorOptions = {},
    type: ElementType = 'float32',
  ): LiteTensor {
    const output = this.tensor(shape, name.toLowerCase(), type);
    this.append({ name, inputs, outputs: [output], options });
    return output;
  }

  /** Adds an operator with several results, and returns them. */
  addMany(
    name: OperatorName,
    inputs: LiteTensor[],
    shapes: readonly (readonly number[])[],
    options: OperatorOptions = {},
  ): LiteTensor[] {
    const outputs = shapes.map((shape) => this.tensor(shape, name.toLowerCase()));
    this.append({ name, inputs, outputs, options });
    return outputs;
  }

  /** The operator that computes a tensor; undefined for constants and inputs. */
  producerOf(tensor: LiteTensor): LiteOperator | undefined {
    return this.#producers.get(tensor);
  }

  finish(inputs: LiteTensor[], outputs: LiteTensor[]): LiteGraph {
    return { inputs, outputs, operators: this.operators };
  }

  append(operator: LiteOperator): void {
    this.operators.push(operator);
    for (const output of operator.outputs) this.#producers.set(output, operator);
  }
}
