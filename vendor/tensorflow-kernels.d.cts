import type {
  BackendValues,
  DataId,
  DataType,
  KernelBackend,
  Tensor,
  TensorInfo,
} from '@tensorflow/tfjs-core';

/** A tensor that the binding holds: its handle, its shape and TensorFlow's number for its type. */
export interface TensorMetadata {
  id: number;
  shape: number[];
  dtype: number;
}

/** An attribute of a TensorFlow operation; `type` is one of the binding's `TF_ATTR_…` numbers. */
export interface OperationAttribute {
  name: string;
  type: number;
  value: boolean | number | string | object;
}

/** What tfjs-node-gpu asks of the native library; its own implementation is a compiled addon, ours is src/tensorflow. */
export interface TensorFlowBinding {
  createTensor(shape: number[], dtype: number, values: BackendValues): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array | BigInt64Array | Uint8Array[];
  executeOp(
    name: string,
    attributes: readonly OperationAttribute[],
    inputs: number[],
    outputs: number,
  ): TensorMetadata[];
  getNumOfTensors(): number;
  /** Loads the graph of a SavedModel that has these tags, joined by commas, and returns the id of its session. */
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(session: number): void;
  /** Runs a session; the names of input and output nodes are joined by commas. */
  runSavedModel(session: number, inputs: number[], inputNames: string, outputNames: string): TensorMetadata[];
  getNumOfSavedModels(): number;
  isUsingGpuDevice(): boolean;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_INT64: number;
  readonly TF_BOOL: number;
  readonly TF_COMPLEX64: number;
  readonly TF_STRING: number;
  readonly TF_RESOURCE: number;
  readonly TF_UINT8: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  readonly TF_ATTR_RESOURCE: number;
  readonly TF_Version: string;
}

/** The backend's record of a tensor's data. `id` is -1 before the values are copied to TensorFlow. */
export interface TensorRecord {
  shape: number[];
  dtype: number;
  values: unknown;
  id: number;
  refCount: number;
}

/** tfjs-node-gpu's backend: runs each tfjs kernel as an operation of the binding. */
export declare class NodeJSKernelBackend extends KernelBackend {
  /** Can be exchanged, to watch what the kernels do. */
  binding: TensorFlowBinding;
  readonly isUsingGpuDevice: boolean;
  constructor(binding: TensorFlowBinding, packageName: string);
  /** The records of the tensors by their data ids. */
  readonly tensorMap: {
    get(dataId: never): TensorRecord;
    set(dataId: never, record: TensorRecord): void;
    has(dataId: never): boolean;
    delete(dataId: never): boolean;
    numDataIds(): number;
  };
  createOutputTensor(metadata: TensorMetadata): Tensor;
  getInputTensorIds(tensors: TensorInfo[]): number[];
  executeSingleInput(name: string, input: TensorInfo): Tensor;
  executeSingleOutput(name: string, attributes: readonly OperationAttribute[], inputs: TensorInfo[]): Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: readonly OperationAttribute[],
    inputs: TensorInfo[],
    outputs: number,
  ): Tensor[];
  applyActivation(
    input: Tensor,
    activation: string | undefined,
    preluActivationWeights: Tensor | undefined,
    leakyreluAlpha: number | undefined,
  ): Tensor;
  getDTypeInteger(dtype: DataType): number;
  getNumOfTFTensors(): number;
  loadSavedModelMetaGraph(folder: string, tags: string): number;
  deleteSavedModel(session: number): void;
  write(values: BackendValues, shape: number[], dtype: DataType): DataId;
}
