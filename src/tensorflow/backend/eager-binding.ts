import type { OperationAttribute, TensorFlowBinding, TensorMetadata } from '#tensorflow-kernels';
import type { BackendValues } from '@tensorflow/tfjs-core';

import type { Pointer } from '../c-api/c-api.js';
import { AttributeType, DataType } from '../c-api/data-types.js';
import type { EagerContext } from '../c-api/eager-context.js';
import {
  ELEMENT_BYTES,
  newTensor,
  refusedType,
  shapeArgument,
  toInt64,
  type HostTensor,
} from '../c-api/tensors.js';

type TypedArray = Float32Array | Int32Array | Uint8Array;

/** More than almost every operation has; the buffer grows for an unstack or a split into more. */
const INITIAL_OUTPUTS = 64;

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
  readonly #handles = new Map<number, Pointer>();
  #nextId = 0;
  #outputs = new BigInt64Array(INITIAL_OUTPUTS);
  readonly #outputCount = new Int32Array(1);

  constructor(context: EagerContext) {
    this.context = context;
    this.TF_Version = context.api.TF_Version();
  }

  isUsingGpuDevice(): boolean {
    return this.context.usesGpu;
  }

  getNumOfTensors(): number {
    return this.#handles.size;
  }

  getNumOfSavedModels(): number {
    return 0;
  }

  /** Copies values into a new tensor on the device and returns its id. Throws TENSORFLOW_FAILED or OUT_OF_MEMORY. */
  createTensor(shape: number[], dtype: number, values: BackendValues): number {
    const { api, status, usesGpu } = this.context;
    const tensor = newTensor(api, { type: dtype, shape, values: asTyped(values, dtype) });
    const handle = api.TFE_NewTensorHandle(tensor, status);
    api.TF_DeleteTensor(tensor);
    this.context.check('a new tensor');
    // TensorFlow's GPU kernels expect int32 tensors, mostly shapes and indices, in host memory.
    return this.#insert(usesGpu && dtype !== DataType.INT32 ? this.#copyToDevice(handle) : handle);
  }

  deleteTensor(id: number): void {
    this.context.api.TFE_DeleteTensorHandle(this.#handle(id));
    this.#handles.delete(id);
  }

  /** Copies the values of a tensor to JavaScript; blocks until they are computed. Throws TENSORFLOW_FAILED or OUT_OF_MEMORY. */
  tensorDataSync(id: number): TypedArray {
    const { api, status } = this.context;
    const handle = this.#handle(id);
    const type = api.TFE_TensorHandleDataType(handle);
    if (!(type in ELEMENT_BYTES)) throw refusedType('reading a tensor', type);
    const tensor = api.TFE_TensorHandleResolve(handle, status);
    this.context.check('reading a tensor');
    const bytes = new Uint8Array(api.TF_TensorByteSize(tensor));
    if (bytes.length > 0) api.memcpy(bytes, api.TF_TensorData(tensor), bytes.length);
    api.TF_DeleteTensor(tensor);
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

  /** Copies a tensor to JavaScript; blocks until it is computed. Throws TENSORFLOW_FAILED or OUT_OF_MEMORY. */
  read(id: number): HostTensor {
    const { type, shape } = this.#typeAndShape(this.#handle(id));
    return { type, shape, values: this.tensorDataSync(id) };
  }

  /** A tensor's type (`DataType`) and shape. */
  typeAndShapeOf(id: number): { type: number; shape: number[] } {
    return this.#typeAndShape(this.#handle(id));
  }

  /** Runs an operation and returns its outputs. Throws TENSORFLOW_FAILED or OUT_OF_MEMORY. */
  executeOp(
    name: string,
    attributes: OperationAttribute[],
    inputs: number[],
    outputs: number,
  ): TensorMetadata[] {
    const { api, pointer, status, device, usesGpu } = this.context;
    const operation = api.TFE_NewOp(pointer, name, status);
    this.context.check(name);
    try {
      // Without a GPU the CPU is the only device: setting it would only cost time.
      if (usesGpu) api.TFE_OpSetDevice(operation, device, status);
      for (const input of inputs) api.TFE_OpAddInput(operation, this.#handle(input), status);
      for (const attribute of attributes) this.#setAttribute(operation, attribute);
      if (outputs > this.#outputs.length) this.#outputs = new BigInt64Array(outputs);
      this.#outputCount[0] = outputs;
      api.TFE_Execute(operation, this.#outputs, this.#outputCount, status);
      this.context.check(name);
      return Array.from({ length: this.#outputCount[0] }, (_, index) =>
        this.#describe(this.#outputs[index] ?? 0n),
      );
    } finally {
      api.TFE_DeleteOp(operation);
    }
  }

  #setAttribute(operation: Pointer, { name, type, value }: OperationAttribute): void {
    const { api, status } = this.context;
    switch (type) {
      case AttributeType.STRING: {
        const bytes = value instanceof Uint8Array ? value : new TextEncoder().encode(value as string);
        api.TFE_OpSetAttrString(operation, name, bytes, bytes.length);
        break;
      }
      case AttributeType.INT:
        if (Array.isArray(value)) api.TFE_OpSetAttrIntList(operation, name, toInt64(value), value.length);
        else api.TFE_OpSetAttrInt(operation, name, value as number);
        break;
      case AttributeType.FLOAT:
        if (Array.isArray(value)) {
          api.TFE_OpSetAttrFloatList(operation, name, Float32Array.from(value), value.length);
        } else api.TFE_OpSetAttrFloat(operation, name, value as number);
        break;
      case AttributeType.BOOL:
        if (Array.isArray(value)) {
          api.TFE_OpSetAttrBoolList(operation, name, Uint8Array.from(value, Number), value.length);
        } else api.TFE_OpSetAttrBool(operation, name, value ? 1 : 0);
        break;
      case AttributeType.TYPE:
        api.TFE_OpSetAttrType(operation, name, value as number);
        break;
      case AttributeType.SHAPE: {
        const sizes = shapeArgument(value as number[], `the attribute ${name}`, -1);
        api.TFE_OpSetAttrShape(operation, name, sizes, sizes.length, status);
        this.context.check(`the attribute ${name}`);
        break;
      }
      default:
        throw refusedType(`the attribute ${name}`, type);
    }
  }

  #describe(handle: Pointer): TensorMetadata {
    const { type: dtype, shape } = this.#typeAndShape(handle);
    return { id: this.#insert(handle), shape, dtype };
  }

  #typeAndShape(handle: Pointer): { type: number; shape: number[] } {
    const { api, status } = this.context;
    const shape: number[] = [];
    const rank = api.TFE_TensorHandleNumDims(handle, status);
    for (let axis = 0; axis < rank; axis++) shape.push(api.TFE_TensorHandleDim(handle, axis, status));
    return { type: api.TFE_TensorHandleDataType(handle), shape };
  }

  #copyToDevice(handle: Pointer): Pointer {
    const { api, pointer, status, device } = this.context;
    const copy = api.TFE_TensorHandleCopyToDevice(handle, pointer, device, status);
    api.TFE_DeleteTensorHandle(handle);
    this.context.check('copying a tensor to the device');
    return copy;
  }

  #insert(handle: Pointer): number {
    const id = this.#nextId++;
    this.#handles.set(id, handle);
    return id;
  }

  #handle(id: number): Pointer {
    const handle = this.#handles.get(id);
    if (handle === undefined) throw new Error(`tensor ${id} does not exist any more`);
    return handle;
  }
}

/** tfjs usually passes typed arrays, but accepts plain arrays of numbers and booleans too. */
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
