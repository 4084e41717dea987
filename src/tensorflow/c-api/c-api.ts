import type { LibraryHandle } from 'koffi';

import { asToolkitError, isMemoryFailure, messageOf, ToolkitError } from '../../core/errors.js';
import type { Runtime } from '../runtime/found-runtime.js';
import { requireAddressSpace } from './address-space.js';
import { C_LIBRARY, koffi } from './ffi.js';
import { limitLogging, withoutErrorOutput } from './logging.js';
import { protectFromSignals, withoutSignals } from './signals.js';
import { releaseStartupPages } from './unused-memory.js';

/** An address in native memory. */
export type Pointer = bigint;

/** The address of an eager operation or tensor handle, as a number: faster through the FFI than a bigint. 0 is a null pointer. */
export type Address = number;

/** Memory that native code may read or write. */
type Memory = Uint8Array | Int32Array | Float32Array | BigInt64Array | Pointer;

/** A function that runs on a worker thread without blocking the event loop; the callback runs on the calling thread. */
interface AsynchronousFunction<Arguments extends unknown[]> {
  (...given: Arguments): void;
  async(...argumentsAndCallback: [...Arguments, (error: unknown) => void]): void;
}

/**
 * The part of TensorFlow 2's C API that is used here (tensorflow/c/c_api.h and tensorflow/c/eager/c_api.h). `status` is a
 * TF_Status that receives the result of the call.
 */
export interface TensorFlowApi {
  TF_Version(): string;
  TF_NewStatus(): Pointer;
  TF_DeleteStatus(status: Pointer): void;
  TF_GetCode(status: Pointer): number;
  TF_Message(status: Pointer): string;

  TF_AllocateTensor(type: number, dimensions: BigInt64Array, rank: number, bytes: number): Pointer;
  TF_TensorData(tensor: Pointer): Pointer;
  TF_TensorByteSize(tensor: Pointer): number;
  TF_TensorElementCount(tensor: Pointer): number;
  TF_TensorType(tensor: Pointer): number;
  TF_DeleteTensor(tensor: Pointer): void;

  TF_DeviceListCount(devices: Pointer): number;
  TF_DeviceListName(devices: Pointer, index: number, status: Pointer): string;
  TF_DeviceListType(devices: Pointer, index: number, status: Pointer): string;
  TF_DeleteDeviceList(devices: Pointer): void;

  TF_NewBufferFromString(bytes: Uint8Array, length: number): Pointer;
  TF_NewBuffer(): Pointer;
  TF_DeleteBuffer(buffer: Pointer): void;
  TF_NewGraph(): Pointer;
  TF_DeleteGraph(graph: Pointer): void;
  TF_NewImportGraphDefOptions(): Pointer;
  TF_DeleteImportGraphDefOptions(options: Pointer): void;
  TF_GraphImportGraphDef(graph: Pointer, definition: Pointer, options: Pointer, status: Pointer): void;
  TF_GraphGetOpDef(graph: Pointer, operation: string, definition: Pointer, status: Pointer): void;
  TF_GraphOperationByName(graph: Pointer, name: string): Pointer | null;
  TF_NewSessionOptions(): Pointer;
  TF_DeleteSessionOptions(options: Pointer): void;
  TF_SetConfig(options: Pointer, config: Uint8Array, bytes: number, status: Pointer): void;
  TF_NewSession(graph: Pointer, options: Pointer, status: Pointer): Pointer;
  TF_LoadSessionFromSavedModel(
    options: Pointer,
    runOptions: null,
    folder: string,
    tags: readonly string[],
    tagCount: number,
    graph: Pointer,
    metaGraph: null,
    status: Pointer,
  ): Pointer;
  TF_CloseSession(session: Pointer, status: Pointer): void;
  TF_DeleteSession(session: Pointer, status: Pointer): void;
  TF_SessionRun: AsynchronousFunction<
    [
      session: Pointer,
      runOptions: null,
      inputs: BigInt64Array,
      inputValues: BigInt64Array,
      inputCount: number,
      outputs: BigInt64Array,
      outputValues: BigInt64Array,
      outputCount: number,
      targets: BigInt64Array,
      targetCount: number,
      runMetadata: null,
      status: Pointer,
    ]
  >;

  TF_GraphToFunction(
    graph: Pointer,
    name: string,
    appendHash: number,
    operationCount: number,
    operations: null,
    inputCount: number,
    inputs: BigInt64Array,
    outputCount: number,
    outputs: BigInt64Array,
    outputNames: null,
    options: null,
    description: null,
    status: Pointer,
  ): Pointer;
  TF_DeleteFunction(func: Pointer): void;
  TFE_ContextAddFunction(context: Pointer, func: Pointer, status: Pointer): void;
  TFE_ContextRemoveFunction(context: Pointer, name: string, status: Pointer): void;

  TFE_NewContextOptions(): Pointer;
  TFE_ContextOptionsSetConfig(options: Pointer, config: Uint8Array, bytes: number, status: Pointer): void;
  TFE_DeleteContextOptions(options: Pointer): void;
  TFE_NewContext(options: Pointer, status: Pointer): Pointer;
  TFE_ContextListDevices(context: Pointer, status: Pointer): Pointer;

  TFE_NewTensorHandle(tensor: Pointer, status: Pointer): Address;
  TFE_DeleteTensorHandle(handle: Address): void;
  TFE_TensorHandleDataType(handle: Address): number;
  TFE_TensorHandleNumDims(handle: Address, status: Pointer): number;
  TFE_TensorHandleDim(handle: Address, index: number, status: Pointer): number;
  TFE_TensorHandleResolve(handle: Address, status: Pointer): Pointer;
  TFE_TensorHandleCopyToDevice(handle: Address, context: Pointer, device: string, status: Pointer): Address;

  TFE_NewOp(context: Pointer, name: string, status: Pointer): Address;
  TFE_OpReset(operation: Address, name: string, device: string | null, status: Pointer): void;
  TFE_OpAddInput(operation: Address, input: Address, status: Pointer): void;
  TFE_OpSetAttrString(operation: Address, name: string, value: Uint8Array, bytes: number): void;
  TFE_OpSetAttrStringList(
    operation: Address,
    name: string,
    values: readonly string[],
    bytes: BigInt64Array,
    count: number,
  ): void;
  TFE_OpSetAttrInt(operation: Address, name: string, value: number): void;
  TFE_OpSetAttrIntList(operation: Address, name: string, values: BigInt64Array, count: number): void;
  TFE_OpSetAttrFloat(operation: Address, name: string, value: number): void;
  TFE_OpSetAttrFloatList(operation: Address, name: string, values: Float32Array, count: number): void;
  TFE_OpSetAttrBool(operation: Address, name: string, value: number): void;
  TFE_OpSetAttrBoolList(operation: Address, name: string, values: Uint8Array, count: number): void;
  TFE_OpSetAttrType(operation: Address, name: string, value: number): void;
  TFE_OpSetAttrTypeList(operation: Address, name: string, values: Int32Array, count: number): void;
  TFE_OpSetAttrShape(
    operation: Address,
    name: string,
    sizes: BigInt64Array,
    rank: number,
    status: Pointer,
  ): void;
  /** @param outputs native memory that receives the addresses of the outputs */
  TFE_Execute(operation: Address, outputs: Address, count: Address, status: Pointer): void;

  malloc(bytes: number): Pointer;
  /** The C library's memcpy: copies values into and out of tensors. */
  memcpy(destination: Memory, source: Memory, bytes: number): Pointer;
}

const PROTOTYPES: Readonly<Record<keyof TensorFlowApi, string>> = {
  TF_Version: 'const char* TF_Version()',
  TF_NewStatus: 'void* TF_NewStatus()',
  TF_DeleteStatus: 'void TF_DeleteStatus(void*)',
  TF_GetCode: 'int TF_GetCode(void*)',
  TF_Message: 'const char* TF_Message(void*)',

  TF_AllocateTensor: 'void* TF_AllocateTensor(int, void*, int, size_t)',
  TF_TensorData: 'void* TF_TensorData(void*)',
  TF_TensorByteSize: 'size_t TF_TensorByteSize(void*)',
  TF_TensorElementCount: 'int64_t TF_TensorElementCount(void*)',
  TF_TensorType: 'int TF_TensorType(void*)',
  TF_DeleteTensor: 'void TF_DeleteTensor(void*)',

  TF_DeviceListCount: 'int TF_DeviceListCount(void*)',
  TF_DeviceListName: 'const char* TF_DeviceListName(void*, int, void*)',
  TF_DeviceListType: 'const char* TF_DeviceListType(void*, int, void*)',
  TF_DeleteDeviceList: 'void TF_DeleteDeviceList(void*)',

  TF_NewBufferFromString: 'void* TF_NewBufferFromString(void*, size_t)',
  TF_NewBuffer: 'void* TF_NewBuffer()',
  TF_DeleteBuffer: 'void TF_DeleteBuffer(void*)',
  TF_NewGraph: 'void* TF_NewGraph()',
  TF_DeleteGraph: 'void TF_DeleteGraph(void*)',
  TF_NewImportGraphDefOptions: 'void* TF_NewImportGraphDefOptions()',
  TF_DeleteImportGraphDefOptions: 'void TF_DeleteImportGraphDefOptions(void*)',
  TF_GraphImportGraphDef: 'void TF_GraphImportGraphDef(void*, void*, void*, void*)',
  TF_GraphGetOpDef: 'void TF_GraphGetOpDef(void*, const char*, void*, void*)',
  TF_GraphOperationByName: 'void* TF_GraphOperationByName(void*, const char*)',
  TF_NewSessionOptions: 'void* TF_NewSessionOptions()',
  TF_DeleteSessionOptions: 'void TF_DeleteSessionOptions(void*)',
  TF_SetConfig: 'void TF_SetConfig(void*, void*, size_t, void*)',
  TF_NewSession: 'void* TF_NewSession(void*, void*, void*)',
  TF_LoadSessionFromSavedModel:
    'void* TF_LoadSessionFromSavedModel(void*, void*, const char*, const char**, int, void*, void*, void*)',
  TF_CloseSession: 'void TF_CloseSession(void*, void*)',
  TF_DeleteSession: 'void TF_DeleteSession(void*, void*)',
  TF_SessionRun:
    'void TF_SessionRun(void*, void*, void*, void*, int, void*, void*, int, void*, int, void*, void*)',

  TF_GraphToFunction:
    'void* TF_GraphToFunction(void*, const char*, uint8_t, int, void*, int, void*, int, void*, void*, void*, const char*, void*)',
  TF_DeleteFunction: 'void TF_DeleteFunction(void*)',
  TFE_ContextAddFunction: 'void TFE_ContextAddFunction(void*, void*, void*)',
  TFE_ContextRemoveFunction: 'void TFE_ContextRemoveFunction(void*, const char*, void*)',

  TFE_NewContextOptions: 'void* TFE_NewContextOptions()',
  TFE_ContextOptionsSetConfig: 'void TFE_ContextOptionsSetConfig(void*, void*, size_t, void*)',
  TFE_DeleteContextOptions: 'void TFE_DeleteContextOptions(void*)',
  TFE_NewContext: 'void* TFE_NewContext(void*, void*)',
  TFE_ContextListDevices: 'void* TFE_ContextListDevices(void*, void*)',

  TFE_NewTensorHandle: 'int64_t TFE_NewTensorHandle(void*, void*)',
  TFE_DeleteTensorHandle: 'void TFE_DeleteTensorHandle(int64_t)',
  TFE_TensorHandleDataType: 'int TFE_TensorHandleDataType(int64_t)',
  TFE_TensorHandleNumDims: 'int TFE_TensorHandleNumDims(int64_t, void*)',
  TFE_TensorHandleDim: 'int64_t TFE_TensorHandleDim(int64_t, int, void*)',
  TFE_TensorHandleResolve: 'void* TFE_TensorHandleResolve(int64_t, void*)',
  TFE_TensorHandleCopyToDevice: 'int64_t TFE_TensorHandleCopyToDevice(int64_t, void*, const char*, void*)',

  TFE_NewOp: 'int64_t TFE_NewOp(void*, const char*, void*)',
  TFE_OpReset: 'void TFE_OpReset(int64_t, const char*, const char*, void*)',
  TFE_OpAddInput: 'void TFE_OpAddInput(int64_t, int64_t, void*)',
  TFE_OpSetAttrString: 'void TFE_OpSetAttrString(int64_t, const char*, void*, size_t)',
  TFE_OpSetAttrStringList: 'void TFE_OpSetAttrStringList(int64_t, const char*, const char**, void*, int)',
  TFE_OpSetAttrInt: 'void TFE_OpSetAttrInt(int64_t, const char*, int64_t)',
  TFE_OpSetAttrIntList: 'void TFE_OpSetAttrIntList(int64_t, const char*, void*, int)',
  TFE_OpSetAttrFloat: 'void TFE_OpSetAttrFloat(int64_t, const char*, float)',
  TFE_OpSetAttrFloatList: 'void TFE_OpSetAttrFloatList(int64_t, const char*, void*, int)',
  TFE_OpSetAttrBool: 'void TFE_OpSetAttrBool(int64_t, const char*, uint8_t)',
  TFE_OpSetAttrBoolList: 'void TFE_OpSetAttrBoolList(int64_t, const char*, void*, int)',
  TFE_OpSetAttrType: 'void TFE_OpSetAttrType(int64_t, const char*, int)',
  TFE_OpSetAttrTypeList: 'void TFE_OpSetAttrTypeList(int64_t, const char*, void*, int)',
  TFE_OpSetAttrShape: 'void TFE_OpSetAttrShape(int64_t, const char*, void*, int, void*)',
  TFE_Execute: 'void TFE_Execute(int64_t, int64_t, int64_t, void*)',

  malloc: 'void* malloc(size_t)',
  memcpy: 'void* memcpy(void*, void*, size_t)',
};

const RTLD_LAZY = 1;
const RTLD_NODELETE = process.platform === 'darwin' ? 0x80 : 0x1000;

/**
 * Loads a runtime's libraries and binds the functions. Throws RUNTIME_UNUSABLE with the message of the system's loader, or
 * OUT_OF_MEMORY.
 *
 * The libraries stay loaded until the process ends: koffi unloads unreferenced libraries, at the latest at exit, while TensorFlow's
 * threads still run (a segmentation fault).
 */
export function loadTensorFlow(runtime: Runtime): TensorFlowApi {
  return orUnusable(runtime, () => {
    const { system, framework, isQuiet } = loadFramework(runtime);
    const load = (): void => {
      withoutSignals(() => {
        pin(system, runtime.library);
      });
    };
    if (isQuiet) load();
    else withoutErrorOutput(system, load);
    releaseStartupPages(system, [runtime.library, runtime.framework]);
    const libraries = [koffi.load(runtime.library, { lazy: true }), framework, system];
    const functions = Object.entries(PROTOTYPES).map(([name, prototype]) => [
      name,
      declare(libraries, prototype),
    ]);
    return Object.fromEntries(functions) as TensorFlowApi;
  });
}

/**
 * Loads a runtime's libraries, the larger one on another thread: it takes several times as long as the rest of `loadTensorFlow`, which then
 * finds it loaded. Does nothing where that would write to standard error. Rejects with RUNTIME_UNUSABLE or OUT_OF_MEMORY.
 */
export async function preloadTensorFlow(runtime: Runtime): Promise<void> {
  const loading = orUnusable(runtime, () => {
    const { system, isQuiet } = loadFramework(runtime);
    // TensorFlow starts its threads later, with its context, and none while it is loaded.
    return isQuiet ? { system, handle: openOnOtherThread(system, runtime.library) } : undefined;
  });
  if (!loading) return;
  if ((await loading.handle) === null)
    throw unusable(runtime, new Error(`${runtime.library} cannot be loaded`));
  releaseStartupPages(loading.system, [runtime.library, runtime.framework]);
}

/** Loads the smaller library, which the other one needs, and sets the log level of both. */
function loadFramework({ library, framework: path }: Runtime): {
  system: LibraryHandle;
  framework: LibraryHandle;
  /** Whether the larger library writes nothing to standard error that was not asked for. */
  isQuiet: boolean;
} {
  // TensorFlow reads this while loading; 3 logs fatal errors only. Other errors are returned as a status.
  const logLevel = Number((process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '3')) || 0;
  // Otherwise the first context of the process (the eager one) sets the intra-op thread count of every session.
  process.env['TF_OVERRIDE_GLOBAL_THREADPOOL'] ??= '1';
  requireAddressSpace([library, path]);
  const system = koffi.load(C_LIBRARY);
  protectFromSignals(system);
  const load = (): void => {
    withoutSignals(() => {
      pin(system, path);
    });
  };
  if (logLevel > 0) withoutErrorOutput(system, load);
  else load();
  const framework = koffi.load(path, { lazy: true });
  const isLimited = limitLogging(framework, logLevel);
  return { system, framework, isQuiet: isLimited || logLevel === 0 };
}

function orUnusable<Result>(runtime: Runtime, load: () => Result): Result {
  try {
    return load();
  } catch (error) {
    throw unusable(runtime, error);
  }
}

function unusable({ folder }: Runtime, error: unknown): ToolkitError {
  if (isMemoryFailure(error)) return asToolkitError(error);
  return new ToolkitError('RUNTIME_UNUSABLE', { path: folder, reason: messageOf(error) }, { cause: error });
}

const DLOPEN = 'void* dlopen(const char*, int)';

function pin(system: LibraryHandle, path: string): void {
  const dlopen = system.func(DLOPEN) as (path: string, flags: number) => Pointer | null;
  const dlerror = system.func('const char* dlerror()') as () => string | null;
  if (!dlopen(path, RTLD_LAZY | RTLD_NODELETE)) throw new Error(dlerror() ?? `${path} cannot be loaded`);
}

/** The same on another thread, whose error message is lost; null where it fails. */
function openOnOtherThread(system: LibraryHandle, path: string): Promise<Pointer | null> {
  const dlopen = system.func(DLOPEN);
  return new Promise((resolve, reject) => {
    dlopen.async(path, RTLD_LAZY | RTLD_NODELETE, (error: Error | null, handle: Pointer | null) => {
      if (error) reject(error);
      else resolve(handle);
    });
  });
}

/** Which of the two libraries exports a function depends on TensorFlow's version. */
function declare(libraries: LibraryHandle[], prototype: string): unknown {
  let failure: unknown;
  for (const library of libraries) {
    try {
      return library.func(prototype);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
