import type { OperationAttribute, TensorFlowBinding, TensorMetadata } from '#tensorflow-kernels';
import type { BackendValues } from '@tensorflow/tfjs-core';

import { ToolkitError } from '../../core/errors.js';
import type { EagerBinding } from './eager-binding.js';
import type { NodeAttribute } from '../c-api/graph-builder.js';
import type { HostTensor } from '../c-api/tensors.js';
import { OperationTypes } from '../c-api/operation-types.js';

/** An operation that was executed. Tensors are known by the binding's numbers, which are never used twice. */
export interface RecordedOperation {
  readonly name: string;
  readonly attributes: readonly NodeAttribute[];
  readonly inputs: readonly number[];
  readonly inputShapes: readonly (readonly number[])[];
  /** TensorFlow's numbers for the types of the inputs. */
  readonly inputTypes: readonly number[];
  readonly outputs: readonly TensorMetadata[];
  /** How many of the first inputs are variables that it changes in place; for all others that is 0. */
  readonly changes: number;
}

/** What was computed, in order, and the tensors that were not results of it. */
export interface Recording {
  readonly operations: readonly RecordedOperation[];
  /** Tensors that were made from JavaScript values, or were there before, as far as operations took them. */
  readonly constants: ReadonlyMap<number, HostTensor>;
}

/** The operation that stands for a variable's value after the updates before it: its input is the variable itself. */
export const LATEST_VALUE = 'ReadVariableOp';

/** Operations whose results have a shape that depends on the values of their inputs. */
const DATA_DEPENDENT = new Set([
  'Where',
  'Unique',
  'UniqueV2',
  'NonMaxSuppressionV3',
  'NonMaxSuppressionV4',
  'NonMaxSuppressionV5',
]);

/** Operations that give something else each time. */
const RANDOM = /Random|Multinomial|Truncated|ParameterizedTruncatedNormal/;
/** Numbers in a result that is kept as a constant: enough for a batch, too few to swell a graph. */
const MAX_FOLDED = 65_536;

/**
 * Passes everything on to the eager binding, and records it. Refuses, with STEP_NOT_TRACEABLE, what a record cannot stand for:
 * values that are read, and shapes that depend on values.
 */
export class RecordingBinding implements TensorFlowBinding {
  readonly TF_FLOAT;
  readonly TF_INT32;
  readonly TF_INT64;
  readonly TF_BOOL;
  readonly TF_COMPLEX64;
  readonly TF_STRING;
  readonly TF_RESOURCE;
  readonly TF_UINT8;
  readonly TF_ATTR_STRING;
  readonly TF_ATTR_INT;
  readonly TF_ATTR_FLOAT;
  readonly TF_ATTR_BOOL;
  readonly TF_ATTR_TYPE;
  readonly TF_ATTR_SHAPE;
  readonly TF_ATTR_RESOURCE;
  readonly TF_Version;

  readonly #eager: EagerBinding;
  readonly #types: OperationTypes;
  readonly #arguments: ReadonlySet<number>;
  readonly #firstConstant: number;
  readonly #operations: RecordedOperation[] = [];
  readonly #results = new Set<number>();
  readonly #constants = new Map<number, HostTensor>();
  #refusal: ToolkitError | undefined;

  /**
   * @param argumentIds tensors that stand for what will differ from run to run
   * @param firstConstant tensors with a smaller number were there before, and are not recorded as constants either
   */
  constructor(eager: EagerBinding, argumentIds: Iterable<number>, firstConstant = 0) {
    this.#eager = eager;
    this.#types = new OperationTypes(eager.context.api);
    this.#arguments = new Set(argumentIds);
    this.#firstConstant = firstConstant;
    this.TF_FLOAT = eager.TF_FLOAT;
    this.TF_INT32 = eager.TF_INT32;
    this.TF_INT64 = eager.TF_INT64;
    this.TF_BOOL = eager.TF_BOOL;
    this.TF_COMPLEX64 = eager.TF_COMPLEX64;
    this.TF_STRING = eager.TF_STRING;
    this.TF_RESOURCE = eager.TF_RESOURCE;
    this.TF_UINT8 = eager.TF_UINT8;
    this.TF_ATTR_STRING = eager.TF_ATTR_STRING;
    this.TF_ATTR_INT = eager.TF_ATTR_INT;
    this.TF_ATTR_FLOAT = eager.TF_ATTR_FLOAT;
    this.TF_ATTR_BOOL = eager.TF_ATTR_BOOL;
    this.TF_ATTR_TYPE = eager.TF_ATTR_TYPE;
    this.TF_ATTR_SHAPE = eager.TF_ATTR_SHAPE;
    this.TF_ATTR_RESOURCE = eager.TF_ATTR_RESOURCE;
    this.TF_Version = eager.TF_Version;
  }

  /**
   * Records an operation without running it: one that changes variables in place, which eager tensors cannot be.
   *
   * @param changes how many of the first inputs it changes
   */
  recordUpdate(
    name: string,
    attributes: readonly NodeAttribute[],
    inputs: readonly number[],
    changes: number,
  ): void {
    for (const input of inputs) this.#keepConstant(input);
    const taken = inputs.map((input) => this.#eager.typeAndShapeOf(input));
    this.#operations.push({
      name,
      attributes,
      inputs: [...inputs],
      inputShapes: taken.map(({ shape }) => shape),
      inputTypes: taken.map(({ type }) => type),
      outputs: [],
      changes,
    });
  }

  /**
   * What was recorded. Throws what was refused meanwhile, even if someone has caught it.
   *
   * @param results tensors that will be asked for
   */
  finish(results: Iterable<number>): Recording {
    for (const result of results) this.#keepConstant(result);
    if (this.#refusal) throw this.#refusal;
    return { operations: this.#operations, constants: this.#constants };
  }

  /** Whether a variable has been changed in place by what was recorded so far. */
  isUpdated(variable: number): boolean {
    return this.#operations.some(({ inputs, changes }) => inputs.slice(0, changes).includes(variable));
  }

  /**
   * Records that a variable is read anew, after the updates that were recorded so far. What is handed back stands for its value then;
   * while recording, that is the one from before.
   */
  recordLatestValue(variable: number): TensorMetadata {
    const { type, shape } = this.#eager.typeAndShapeOf(variable);
    const attributes = [{ name: 'T', type: this.TF_ATTR_TYPE, value: type }];
    const [copy] = this.#eager.executeOp('Identity', attributes, [variable], 1);
    this.#results.add(copy!.id);
    this.#operations.push({
      name: LATEST_VALUE,
      attributes: [{ name: 'dtype', type: this.TF_ATTR_TYPE, value: type }],
      inputs: [variable],
      inputShapes: [shape],
      inputTypes: [type],
      outputs: [copy!],
      changes: 0,
    });
    return copy!;
  }

  executeOp(
    name: string,
    attributes: OperationAttribute[],
    inputs: number[],
    outputCount: number,
  ): TensorMetadata[] {
    if (DATA_DEPENDENT.has(name)) this.#refuse(name, 'has results whose shape depends on the data');
    for (const input of inputs) this.#keepConstant(input);
    const outputs = this.#eager.executeOp(name, attributes, inputs, outputCount);
    if (this.#isConstant(name, inputs, outputs)) {
      for (const { id } of outputs) this.#constants.set(id, this.#eager.read(id));
      return outputs;
    }
    for (const { id } of outputs) this.#results.add(id);
    const taken = inputs.map((input) => this.#eager.typeAndShapeOf(input));
    const types = taken.map(({ type }) => type);
    this.#operations.push({
      name,
      attributes: this.#types.complete(name, attributes, types),
      inputs: [...inputs],
      inputShapes: taken.map(({ shape }) => shape),
      inputTypes: types,
      outputs,
      changes: 0,
    });
    return outputs;
  }

  dispose(): void {
    this.#types.dispose();
  }

  createTensor(shape: number[], dtype: number, values: BackendValues): number {
    return this.#eager.createTensor(shape, dtype, values);
  }

  deleteTensor(id: number): void {
    this.#eager.deleteTensor(id);
  }

  tensorDataSync(id: number): never {
    const producer = this.#operations.find(({ outputs }) => outputs.some((output) => output.id === id));
    const what = producer ? `the result of ${producer.name}` : 'a tensor';
    return this.#refuse('reading values', `(of ${what}) is not possible inside a step`);
  }

  isUsingGpuDevice(): boolean {
    return this.#eager.isUsingGpuDevice();
  }

  getNumOfTensors(): number {
    return this.#eager.getNumOfTensors();
  }

  getNumOfSavedModels(): number {
    return this.#eager.getNumOfSavedModels();
  }

  /** What depends on constants alone is computed now, once; the graph's own optimiser does not look into loops. */
  #isConstant(name: string, inputs: readonly number[], outputs: readonly TensorMetadata[]): boolean {
    if (inputs.length === 0 || RANDOM.test(name)) return false;
    const isSmall = outputs.every(
      ({ shape }) => shape.reduce((count, size) => count * size, 1) <= MAX_FOLDED,
    );
    return isSmall && inputs.every((input) => this.#constants.has(input));
  }

  #keepConstant(id: number): void {
    if (id < this.#firstConstant) return;
    if (this.#arguments.has(id) || this.#results.has(id) || this.#constants.has(id)) return;
    this.#constants.set(id, this.#eager.read(id));
  }

  #refuse(operation: string, reason: string): never {
    this.#refusal ??= new ToolkitError('STEP_NOT_TRACEABLE', { operation, reason });
    throw this.#refusal;
  }
}
