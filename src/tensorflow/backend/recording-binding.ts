import type { OperationAttribute, TensorFlowBinding, TensorMetadata } from '#tensorflow-kernels';
import type { BackendValues } from '@tensorflow/tfjs-core';

import { ToolkitError } from '../../core/errors.js';
import { elementCount } from '../../core/images.js';
import type { EagerBinding } from './eager-binding.js';
import { attribute, type NodeAttribute } from '../c-api/graph-builder.js';
import type { HostTensor } from '../c-api/tensors.js';
import { completeTypes } from '../c-api/operation-types.js';

/** An executed operation. Tensors are identified by the binding's ids, which are never reused. */
export interface RecordedOperation {
  readonly name: string;
  readonly attributes: readonly NodeAttribute[];
  readonly inputs: readonly number[];
  readonly inputShapes: readonly (readonly number[])[];
  /** The types of the inputs (`DataType`). */
  readonly inputTypes: readonly number[];
  readonly outputs: readonly TensorMetadata[];
  /** How many of the leading inputs are variables that the operation updates in place; usually 0. */
  readonly changes: number;
}

/** The executed operations, in order, and the constants that they take. */
export interface Recording {
  readonly operations: readonly RecordedOperation[];
  /** Inputs that no recorded operation computes: made from JavaScript values, folded, or older than the recording. */
  readonly constants: ReadonlyMap<number, HostTensor>;
}

/** The operation that reads a variable after the preceding updates; its input is the variable itself. */
export const LATEST_VALUE = 'ReadVariableOp';

/** Operations whose output shape depends on the values of their inputs. */
const DATA_DEPENDENT = new Set([
  'Where',
  'Unique',
  'UniqueV2',
  'NonMaxSuppressionV3',
  'NonMaxSuppressionV4',
  'NonMaxSuppressionV5',
]);

/** Operations whose outputs differ from call to call. */
const RANDOM = /Random|Multinomial|Truncated|ParameterizedTruncatedNormal/;
/** The largest output, in elements, that constant folding keeps: enough for a batch, small enough for a graph. */
const MAX_FOLDED = 65_536;
const FLOAT_BYTES = 4;
/** Larger blocks always come from the system, untouched, and go back to it (glibc's largest threshold of `mmap`). */
const LARGE_BYTES = 2 ** 25;

/**
 * Executes operations on the eager binding and records them. Throws STEP_NOT_TRACEABLE for what a recording cannot express: reading
 * values, and shapes that depend on values.
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
  readonly #arguments: ReadonlySet<number>;
  readonly #firstConstant: number;
  readonly #operations: RecordedOperation[] = [];
  readonly #results = new Set<number>();
  readonly #constants = new Map<number, HostTensor>();
  #failure: ToolkitError | undefined;

  /**
   * @param argumentIds the placeholders: tensors whose values differ from run to run
   * @param firstConstant tensors with a smaller number existed before, and are not recorded as constants either
   */
  constructor(eager: EagerBinding, argumentIds: Iterable<number>, firstConstant = 0) {
    this.#eager = eager;
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
   * Records an operation that updates variables in place, without running it: eager tensors are immutable.
   *
   * @param changes how many of the leading inputs are updated
   */
  recordUpdate(
    name: string,
    attributes: readonly NodeAttribute[],
    inputs: readonly number[],
    changes: number,
  ): void {
    for (const input of inputs) this.#keepConstant(input);
    const infos = inputs.map((input) => this.#eager.typeAndShapeOf(input));
    this.#operations.push({
      name,
      attributes,
      inputs: [...inputs],
      inputShapes: infos.map(({ shape }) => shape),
      inputTypes: infos.map(({ type }) => type),
      outputs: [],
      changes,
    });
  }

  /**
   * Returns the recording. Throws the first STEP_NOT_TRACEABLE error again, in case the recorded function caught it.
   *
   * @param results the outputs of the recorded function
   */
  finish(results: Iterable<number>): Recording {
    for (const result of results) this.#keepConstant(result);
    if (this.#failure) throw this.#failure;
    return { operations: this.#operations, constants: this.#constants };
  }

  /** Whether an operation recorded so far updates a variable in place. */
  isUpdated(variable: number): boolean {
    return this.#operations.some(({ inputs, changes }) => inputs.slice(0, changes).includes(variable));
  }

  /**
   * Records a read of a variable after the updates recorded so far, and returns a tensor for its value. During the recording that
   * tensor holds the value from before the updates.
   */
  recordLatestValue(variable: number): TensorMetadata {
    const { type, shape } = this.#eager.typeAndShapeOf(variable);
    const [copy] = this.#eager.executeOp('Identity', [attribute.type('T', type)], [variable], 1);
    this.#results.add(copy!.id);
    this.#operations.push({
      name: LATEST_VALUE,
      attributes: [attribute.type('dtype', type)],
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
    attributes: readonly OperationAttribute[],
    inputs: number[],
    outputCount: number,
  ): TensorMetadata[] {
    if (DATA_DEPENDENT.has(name)) this.#fail(name, 'has an output whose shape depends on the data');
    for (const input of inputs) this.#keepConstant(input);
    const outputs = this.#eager.executeOp(name, attributes, inputs, outputCount);
    if (this.#isConstant(name, inputs, outputs)) {
      for (const { id } of outputs) this.#constants.set(id, this.#eager.read(id));
      return outputs;
    }
    for (const { id } of outputs) this.#results.add(id);
    const infos = inputs.map((input) => this.#eager.typeAndShapeOf(input));
    const types = infos.map(({ type }) => type);
    this.#operations.push({
      name,
      attributes: completeTypes(this.#eager.definitions.of(name), attributes, types),
      inputs: [...inputs],
      inputShapes: infos.map(({ shape }) => shape),
      inputTypes: types,
      outputs,
      changes: 0,
    });
    for (const output of outputs) if (this.#isForgotten(output)) this.#eager.forgetValues(output.id);
    return outputs;
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
    return this.#fail('reading values', `(of ${what}) is not possible inside a step`);
  }

  isUsingGpuDevice(): boolean {
    return this.#eager.isUsingGpuDevice();
  }

  getNumOfTensors(): number {
    return this.#eager.getNumOfTensors();
  }

  loadSavedModel(folder: string, tags: string): number {
    return this.#eager.loadSavedModel(folder, tags);
  }

  deleteSavedModel(session: number): void {
    this.#eager.deleteSavedModel(session);
  }

  runSavedModel(): never {
    return this.#fail('a SavedModel', 'cannot become part of a step');
  }

  getNumOfSavedModels(): number {
    return this.#eager.getNumOfSavedModels();
  }

  /** Whether an operation is folded to a constant; done here because Grappler does not optimise inside loops. */
  #isConstant(name: string, inputs: readonly number[], outputs: readonly TensorMetadata[]): boolean {
    if (inputs.length === 0 || RANDOM.test(name)) return false;
    const isSmall = outputs.every(({ shape }) => elementCount(shape) <= MAX_FOLDED);
    return isSmall && inputs.every((input) => this.#constants.has(input));
  }

  /** Whether the values of a result are given up: nothing reads them, and a step on a large batch would hold all of its activations. */
  #isForgotten({ dtype, shape }: TensorMetadata): boolean {
    if (dtype !== this.TF_FLOAT || this.#eager.isUsingGpuDevice()) return false;
    return FLOAT_BYTES * elementCount(shape) > LARGE_BYTES;
  }

  #keepConstant(id: number): void {
    if (id < this.#firstConstant) return;
    if (this.#arguments.has(id) || this.#results.has(id) || this.#constants.has(id)) return;
    if (this.#eager.typeAndShapeOf(id).type === this.TF_STRING) {
      this.#fail('strings', 'made inside a step cannot be part of a program');
    }
    this.#constants.set(id, this.#eager.read(id));
  }

  #fail(operation: string, reason: string): never {
    this.#failure ??= new ToolkitError('STEP_NOT_TRACEABLE', { operation, reason });
    throw this.#failure;
  }
}
