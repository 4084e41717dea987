import type { OperationAttribute, TensorFlowBinding, TensorMetadata } from '#tensorflow-kernels';
import type { BackendValues } from '@tensorflow/tfjs-core';

import { ToolkitError } from '../../core/errors.js';
import type { Address, Pointer, TensorFlowApi } from '../c-api/c-api.js';
import { AttributeType, DataType } from '../c-api/data-types.js';
import type { EagerContext } from '../c-api/eager-context.js';
import { runOnHandles } from './run-session.js';
import { SavedModelSessions } from './saved-model-sessions.js';
import type { Session } from '../c-api/session.js';
import { setAttribute, type OperationSetup } from '../c-api/operation-attributes.js';
import { OperationDefinitions, type OperationDefinition } from '../c-api/operation-definitions.js';
import { OutputArea } from '../c-api/output-area.js';
import { newStringTensor, readStrings } from '../c-api/strings.js';
import { ELEMENT_BYTES, emptyTensor, newTensor, refusedType, type HostTensor } from '../c-api/tensors.js';

type TypedArray = Float32Array | Int32Array | Uint8Array;
/** The values of a tensor; a string is its bytes. */
type TensorValues = TypedArray | BigInt64Array | Uint8Array[];

/** TensorFlow's GPU kernels expect int32 tensors, mostly shapes and indices, in host memory; strings are always there. */
const STAYS_ON_HOST = new Set<number>([DataType.INT32, DataType.STRING]);
/** More outputs than any sensible split has; each takes memory before TensorFlow can refuse them. */
const MAX_OUTPUTS = 2 ** 20;

/** An operation that has been called before. */
interface KnownOperation extends OperationSetup, OperationDefinition {
  address: Address;
}

/**
 * The binding of tfjs-node-gpu's kernels to TensorFlow's eager mode, through the FFI. It replaces that package's compiled addon
 * (binding/tfjs_backend.cc) and keeps its conventions: a 64-bit integer is a pair of 32-bit words.
 */
export class EagerBinding implements TensorFlowBinding {
  readonly TF_FLOAT = DataType.FLOAT;
  readonly TF_INT32 = DataType.INT32;
  readonly TF_INT64 = DataType.INT64;
  readonly TF_BOOL = DataType.BOOL;
  readonly TF_COMPLEX64 = DataType.COMPLEX64;
  readonly TF_STRING = DataType.STRING;
  readonly TF_RESOURCE = DataType.RESOURCE;
  readonly TF_UINT8 = DataType.UINT8;
  readonly TF_ATTR_STRING = AttributeType.STRING;
  readonly TF_ATTR_INT = AttributeType.INT;
  readonly TF_ATTR_FLOAT = AttributeType.FLOAT;
  readonly TF_ATTR_BOOL = AttributeType.BOOL;
  readonly TF_ATTR_TYPE = AttributeType.TYPE;
  readonly TF_ATTR_SHAPE = AttributeType.SHAPE;
  /** Required by the interface; the addon does not define it either. */
  readonly TF_ATTR_RESOURCE = -1;
  readonly TF_Version: string;

  readonly context: EagerContext;
  readonly definitions: OperationDefinitions;
  readonly #handles = new Map<number, Address>();
  #nextId = 0;
  readonly #setups = new Map<string, KnownOperation>();
  readonly #area: OutputArea;
  #operation: Address = 0;
  readonly #savedModels: SavedModelSessions;
  /** The inputs of the last call. */
  #held: readonly number[] = [];
  #isReleasePlanned = false;

  constructor(context: EagerContext) {
    this.context = context;
    this.TF_Version = context.api.TF_Version();
    this.definitions = new OperationDefinitions(context.api);
    this.#area = new OutputArea(context.api);
    this.#savedModels = new SavedModelSessions(context);
  }

  isUsingGpuDevice(): boolean {
    return this.context.usesGpu;
  }

  getNumOfTensors(): number {
    return this.#handles.size;
  }

  loadSavedModel(folder: string, tags: string): number {
    return this.#savedModels.load(folder, tags.split(','));
  }

  deleteSavedModel(session: number): void {
    this.#savedModels.delete(session);
  }

  /** Runs a SavedModel; the names of nodes are joined by commas. Throws TENSORFLOW_FAILED or OUT_OF_MEMORY. */
  runSavedModel(
    session: number,
    inputs: number[],
    inputNames: string,
    outputNames: string,
  ): TensorMetadata[] {
    const loaded = this.#savedModels.session(session);
    return this.runSession(loaded, inputs, inputNames.split(','), outputNames.split(','), 'a SavedModel');
  }

  /** Runs a session at once; `inputNames` and `outputNames` are nodes. Throws TENSORFLOW_FAILED or OUT_OF_MEMORY. */
  runSession(
    session: Session,
    inputs: readonly number[],
    inputNames: readonly string[],
    outputNames: readonly string[],
    operation = 'a graph',
  ): TensorMetadata[] {
    const handles = inputs.map((id) => this.#handle(id, operation));
    const results = runOnHandles(this.context, session, handles, inputNames, outputNames);
    // All are registered before any is described, so that an error leaks none.
    const ids = results.map((handle) => this.#insert(handle));
    return ids.map((id) => this.#describe(id));
  }

  getNumOfSavedModels(): number {
    return this.#savedModels.count;
  }

  /** Copies values into a new tensor on the device and returns its id. Throws TENSORFLOW_FAILED or OUT_OF_MEMORY. */
  createTensor(shape: number[], dtype: number, values: BackendValues): number {
    const { api, status, usesGpu } = this.context;
    const tensor =
      dtype === DataType.STRING
        ? newStringTensor(api, shape, asStrings(values))
        : newTensor(api, { type: dtype, shape, values: asTyped(values, dtype) });
    const handle = api.TFE_NewTensorHandle(tensor, status);
    api.TF_DeleteTensor(tensor);
    this.context.check('a new tensor');
    return this.#insert(usesGpu && !STAYS_ON_HOST.has(dtype) ? this.#copyToDevice(handle) : handle);
  }

  deleteTensor(id: number): void {
    this.context.api.TFE_DeleteTensorHandle(this.#handle(id, 'deleting a tensor'));
    this.#handles.delete(id);
    if (this.#held.includes(id)) this.#releaseSoon();
  }

  /**
   * Gives a tensor memory that nothing has touched, in the place of its own: the system gives it none before it is written. For a tensor of which
   * only type and shape matter from now on. Throws TENSORFLOW_FAILED or OUT_OF_MEMORY.
   */
  forgetValues(id: number): void {
    const { api, status } = this.context;
    const handle = this.#handle(id, 'forgetting values');
    const { pointer } = emptyTensor(api, this.#typeAndShape(handle), 'a new tensor');
    const untouched = api.TFE_NewTensorHandle(pointer, status);
    api.TF_DeleteTensor(pointer);
    this.context.check('a new tensor');
    api.TFE_DeleteTensorHandle(handle);
    this.#handles.set(id, untouched);
  }

  /** The operation keeps its inputs in memory until the next call; if none comes at once, they are released. */
  #releaseSoon(): void {
    if (this.#isReleasePlanned) return;
    this.#isReleasePlanned = true;
    setImmediate(() => {
      this.#isReleasePlanned = false;
      this.#release();
    });
  }

  #release(): void {
    if (this.#operation === 0) return;
    this.context.api.TFE_OpReset(this.#operation, 'NoOp', null, this.context.status);
    this.#held = [];
  }

  /** Copies the values of a tensor to JavaScript; blocks until they are computed. Throws TENSORFLOW_FAILED or OUT_OF_MEMORY. */
  tensorDataSync(id: number): TensorValues {
    const handle = this.#handle(id, 'reading a tensor');
    const type = this.context.api.TFE_TensorHandleDataType(handle);
    if (type === DataType.STRING) return this.#resolve(handle, readStrings);
    const values = this.#valuesOf(handle, type);
    return type === DataType.INT64 ? new BigInt64Array(values.buffer) : values;
  }

  /** Copies a tensor to JavaScript; blocks until it is computed. Throws TENSORFLOW_FAILED or OUT_OF_MEMORY. */
  read(id: number): HostTensor {
    const handle = this.#handle(id, 'reading a tensor');
    const { type, shape } = this.#typeAndShape(handle);
    return { type, shape, values: this.#valuesOf(handle, type) };
  }

  /** A tensor's type (`DataType`) and shape. */
  typeAndShapeOf(id: number): { type: number; shape: number[] } {
    return this.#typeAndShape(this.#handle(id, 'describing a tensor'));
  }

  /** Runs an operation and returns its outputs. Throws TENSORFLOW_FAILED or OUT_OF_MEMORY. */
  executeOp(
    name: string,
    attributes: readonly OperationAttribute[],
    inputs: number[],
    outputs: number,
  ): TensorMetadata[] {
    this.#execute(name, attributes, inputs, outputs);
    // All outputs are registered before any is described, so that an error leaks none.
    const ids = Array.from({ length: this.#area.length }, (_, index) => this.#insert(this.#area.at(index)));
    return ids.map((id) => this.#describe(id));
  }

  /**
   * Runs an operation without attributes, with one output of known shape and type, and returns its id. TensorFlow infers types from the
   * inputs: setting them would only cost time. Throws as `executeOp` does.
   */
  executeKnown(name: string, inputs: number[]): number {
    this.#execute(name, [], inputs, 1);
    return this.#insert(this.#area.at(0));
  }

  /** Makes a function of the eager context an operation of `executeOp`. */
  addFunction(name: string, inputCount: number): void {
    const { api, status } = this.context;
    const attributeTypes = new Map([['config_proto', 'string']]);
    this.#setups.set(name, { api, status, name, address: 0, inputCount, inputTypes: [], attributeTypes });
  }

  /** Forgets a function, before the eager context does. */
  forgetFunction(name: string): void {
    this.#setups.delete(name);
    this.#release();
  }

  /** Values of a fixed size, with 64-bit integers as pairs of 32-bit words. */
  #valuesOf(handle: Address, type: number): TypedArray {
    if (!(type in ELEMENT_BYTES)) throw refusedType('reading a tensor', type);
    const bytes = this.#resolve(handle, readBytes);
    switch (type) {
      case DataType.FLOAT:
      case DataType.COMPLEX64:
        return new Float32Array(bytes.buffer);
      case DataType.INT32:
      case DataType.INT64:
        return new Int32Array(bytes.buffer);
      default:
        return bytes;
    }
  }

  /** Reads the tensor of a handle; blocks until it is computed. */
  #resolve<Values>(handle: Address, read: (api: TensorFlowApi, tensor: Pointer) => Values): Values {
    const { api, status } = this.context;
    const tensor = api.TFE_TensorHandleResolve(handle, status);
    this.context.check('reading a tensor');
    try {
      return read(api, tensor);
    } finally {
      api.TF_DeleteTensor(tensor);
    }
  }

  #execute(
    name: string,
    attributes: readonly OperationAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): void {
    const { api, status } = this.context;
    if (!Number.isInteger(outputs) || outputs < 0 || outputs > MAX_OUTPUTS) {
      throw failureIn(name, `it cannot have ${outputs} outputs`);
    }
    const setup = this.#begin(name, inputs);
    for (const attribute of attributes) setAttribute(setup, attribute);
    this.#area.prepare(outputs);
    api.TFE_Execute(setup.address, this.#area.outputs, this.#area.count, status);
    // A failed operation has no outputs, so that most calls need not read the status.
    const { length } = this.#area;
    if (length === 0 || this.#area.at(length - 1) === 0) this.context.check(name);
    if (length === outputs) return;
    for (let index = 0; index < length; index++) api.TFE_DeleteTensorHandle(this.#area.at(index));
    throw failureIn(name, `it has ${length} outputs, not ${outputs}`);
  }

  /** Prepares an operation with its inputs. All calls share one native operation, which is faster than a new one for each. */
  #begin(name: string, inputs: readonly number[]): OperationSetup {
    const { api, pointer, status, device, usesGpu } = this.context;
    const setup = this.#setups.get(name) ?? this.#learn(name);
    if (setup.inputCount !== undefined && setup.inputCount !== inputs.length) {
      throw failureIn(name, `it takes ${setup.inputCount} inputs, not ${inputs.length}`);
    }
    const handles = inputs.map((input) => this.#handle(input, name));
    if (this.#operation === 0) this.#operation = api.TFE_NewOp(pointer, 'NoOp', status);
    // Without a GPU the CPU is the only device: setting it would only cost time.
    api.TFE_OpReset(this.#operation, name, usesGpu ? device : null, status);
    this.#held = inputs;
    for (const handle of handles) api.TFE_OpAddInput(this.#operation, handle, status);
    setup.address = this.#operation;
    return setup;
  }

  #learn(name: string): KnownOperation {
    const { api, status } = this.context;
    // A call from JavaScript: TensorFlow would end the process.
    if (typeof (name as unknown) !== 'string') throw failureIn('an operation', 'its name is no string');
    const definition = this.definitions.of(name);
    if (!definition) throw failureIn(name, 'TensorFlow has no such operation');
    const setup = { ...definition, api, status, name, address: 0 };
    this.#setups.set(name, setup);
    return setup;
  }

  #describe(id: number): TensorMetadata {
    const { type: dtype, shape } = this.#typeAndShape(this.#handle(id, 'describing an output'));
    return { id, shape, dtype };
  }

  #typeAndShape(handle: Address): { type: number; shape: number[] } {
    const { api, status } = this.context;
    const shape: number[] = [];
    const rank = api.TFE_TensorHandleNumDims(handle, status);
    for (let axis = 0; axis < rank; axis++) shape.push(api.TFE_TensorHandleDim(handle, axis, status));
    return { type: api.TFE_TensorHandleDataType(handle), shape };
  }

  #copyToDevice(handle: Address): Address {
    const { api, pointer, status, device } = this.context;
    const copy = api.TFE_TensorHandleCopyToDevice(handle, pointer, device, status);
    api.TFE_DeleteTensorHandle(handle);
    this.context.check('copying a tensor to the device');
    return copy;
  }

  #insert(handle: Address): number {
    const id = this.#nextId++;
    this.#handles.set(id, handle);
    return id;
  }

  #handle(id: number, operation: string): Address {
    const handle = this.#handles.get(id);
    if (handle === undefined) throw failureIn(operation, `tensor ${id} does not exist any more`);
    return handle;
  }
}

function failureIn(operation: string, reason: string): ToolkitError {
  return new ToolkitError('TENSORFLOW_FAILED', { operation, reason });
}

function readBytes(api: TensorFlowApi, tensor: Pointer): Uint8Array {
  const bytes = new Uint8Array(api.TF_TensorByteSize(tensor));
  if (bytes.length > 0) api.memcpy(bytes, api.TF_TensorData(tensor), bytes.length);
  return bytes;
}

/** tfjs passes strings as UTF-8 bytes. */
function asStrings(values: BackendValues): Uint8Array[] {
  const encoder = new TextEncoder();
  return Array.from(values as ArrayLike<Uint8Array | string>, (value) =>
    typeof value === 'string' ? encoder.encode(value) : value,
  );
}

/** tfjs passes typed arrays, but for booleans and numbers also plain arrays. */
function asTyped(values: BackendValues, dtype: number): TypedArray {
  if (values instanceof Float32Array || values instanceof Int32Array || values instanceof Uint8Array)
    return values;
  const numbers = Array.from(values as unknown as ArrayLike<number | boolean>, Number);
  switch (dtype) {
    case DataType.FLOAT:
      return Float32Array.from(numbers);
    case DataType.INT32:
      return Int32Array.from(numbers);
    case DataType.BOOL:
    case DataType.UINT8:
      return Uint8Array.from(numbers);
    default:
      throw refusedType('a new tensor', dtype);
  }
}
