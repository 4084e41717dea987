import { realpathSync } from 'node:fs';
import { basename } from 'node:path';

import type { LibraryHandle } from 'koffi';

import { messageOf, ToolkitError } from '../../core/errors.js';
import { koffi } from '../../tensorflow/c-api/ffi.js';
import { withoutSignals } from '../../tensorflow/c-api/signals.js';
import { abiOf, type MpiAbi, type MpiHandles } from './abi.js';

/** A communicator, a request or another handle; a number in MPICH's ABI, a pointer in the others. */
export type MpiHandle = bigint;

/** Memory that MPI reads or writes while a call runs; what outlives the call is given as an address. */
type Memory = Uint8Array | Int32Array | BigInt64Array;

/** The functions of MPI that are used here. All return an error code; 0 is success. */
interface MpiFunctions {
  MPI_Init_thread(argc: null, argv: null, required: number, provided: Int32Array): number;
  MPI_Finalize(): number;
  MPI_Abort(communicator: MpiHandle, code: number): number;
  MPI_Comm_rank(communicator: MpiHandle, rank: Int32Array): number;
  MPI_Comm_size(communicator: MpiHandle, size: Int32Array): number;
  MPI_Comm_dup(communicator: MpiHandle, copy: Memory): number;
  MPI_Comm_set_errhandler(communicator: MpiHandle, handler: MpiHandle): number;
  MPI_Isend(
    data: bigint,
    count: number,
    type: MpiHandle,
    to: number,
    tag: number,
    communicator: MpiHandle,
    request: Memory,
  ): number;
  MPI_Irecv(
    data: bigint,
    count: number,
    type: MpiHandle,
    from: number,
    tag: number,
    communicator: MpiHandle,
    request: Memory,
  ): number;
  MPI_Testall(count: number, requests: Memory, flag: Int32Array, statuses: Uint8Array): number;
  MPI_Reduce_local(
    source: bigint,
    target: bigint,
    count: number,
    type: MpiHandle,
    operation: MpiHandle,
  ): number;
  MPI_Error_string(code: number, text: Uint8Array, length: Int32Array): number;
  MPI_Get_library_version(text: Uint8Array, length: Int32Array): number;
}

/** `HANDLE` is the ABI's type of a handle. */
const PROTOTYPES: Readonly<Record<keyof MpiFunctions, string>> = {
  MPI_Init_thread: 'int MPI_Init_thread(void*, void*, int, void*)',
  MPI_Finalize: 'int MPI_Finalize()',
  MPI_Abort: 'int MPI_Abort(HANDLE, int)',
  MPI_Comm_rank: 'int MPI_Comm_rank(HANDLE, void*)',
  MPI_Comm_size: 'int MPI_Comm_size(HANDLE, void*)',
  MPI_Comm_dup: 'int MPI_Comm_dup(HANDLE, void*)',
  MPI_Comm_set_errhandler: 'int MPI_Comm_set_errhandler(HANDLE, HANDLE)',
  MPI_Isend: 'int MPI_Isend(void*, int, HANDLE, int, int, HANDLE, void*)',
  MPI_Irecv: 'int MPI_Irecv(void*, int, HANDLE, int, int, HANDLE, void*)',
  MPI_Testall: 'int MPI_Testall(int, void*, void*, void*)',
  MPI_Reduce_local: 'int MPI_Reduce_local(void*, void*, int, HANDLE, HANDLE)',
  MPI_Error_string: 'int MPI_Error_string(int, void*, void*)',
  MPI_Get_library_version: 'int MPI_Get_library_version(void*, void*)',
};

/** The longest of the texts, of all ABIs. */
const TEXT_BYTES = 8192;
/** As many bytes as the largest `MPI_Status` of the ABIs, with room to spare. */
export const STATUS_BYTES = 64;

/** A loaded MPI library. */
export interface MpiLibrary {
  readonly path: string;
  readonly abi: MpiAbi;
  readonly handles: MpiHandles;
  readonly functions: MpiFunctions;
  /** What the library says of itself, such as `MPICH Version: 5.0.2`. */
  readonly version: string;
}

const RTLD_NOW = 2;
const RTLD_GLOBAL = 0x100;
const RTLD_NODELETE = 0x1000;

/**
 * As it is loaded, UCX (which most MPIs move data with) rewrites the first instructions of mmap, munmap, brk and others in the C library, so
 * that it hears of memory that is freed. Other threads may run them at that moment, such as V8's, or the one that loads TensorFlow. Only
 * caches of memory registered with a network card need that.
 */
const UCX_HOOKS = { UCX_MEM_MMAP_HOOK_MODE: 'none' };

/**
 * Loads an MPI library and binds its functions; it stays loaded until the process ends. Throws MPI_UNUSABLE with the message of the
 * system's loader.
 */
export function loadMpi(path: string): MpiLibrary {
  for (const [name, value] of Object.entries(UCX_HOOKS)) process.env[name] ??= value;
  try {
    const system = koffi.load('libc.so.6');
    const { file, addressOf } = open(system, path);
    const abi = abiOf(file, (symbol) => addressOf(symbol) !== undefined);
    const library = koffi.load(path, { global: true });
    const functions = Object.entries(PROTOTYPES).map(([name, prototype]) => [
      name,
      library.func(prototype.replaceAll('HANDLE', abi.handle)) as unknown,
    ]);
    const bound = Object.fromEntries(functions) as MpiFunctions;
    const handles = abi.handles((symbol) => addressOf(symbol) ?? missing(symbol));
    const version = textOf((text, length) => bound.MPI_Get_library_version(text, length));
    return { path, abi, handles, functions: bound, version };
  } catch (error) {
    throw new ToolkitError('MPI_UNUSABLE', { path, reason: messageOf(error) }, { cause: error });
  }
}

function missing(symbol: string): never {
  throw new Error(`it has no ${symbol}`);
}

/** Open MPI loads plug-ins of its own, which look for its symbols among those of the process. */
function open(
  system: LibraryHandle,
  path: string,
): { file: string; addressOf: (symbol: string) => bigint | undefined } {
  const dlopen = system.func('void* dlopen(const char*, int)') as (
    path: string,
    flags: number,
  ) => bigint | null;
  const dlerror = system.func('const char* dlerror()') as () => string | null;
  const dlsym = system.func('void* dlsym(void*, const char*)') as (
    library: bigint,
    symbol: string,
  ) => bigint | null;
  const library = withoutSignals(() => dlopen(path, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE));
  if (!library) throw new Error(dlerror() ?? 'it cannot be loaded');
  return { file: basename(realpathSync(path)), addressOf: (symbol) => dlsym(library, symbol) ?? undefined };
}

/** A text that MPI writes, on one line. */
export function textOf(write: (text: Uint8Array, length: Int32Array) => number): string {
  const text = new Uint8Array(TEXT_BYTES);
  const length = new Int32Array(1);
  if (write(text, length) !== 0) return 'unknown';
  const [line = ''] = Buffer.from(text.buffer, 0, length[0])
    .toString('utf8')
    .split('\n')
    .map((each) => each.replace(/\0.*$/s, '').replaceAll(/\s+/g, ' ').trim());
  return line;
}

/** Throws MPI_FAILED for an error code. */
export function checkMpi({ functions }: MpiLibrary, operation: string, code: number): void {
  if (code === 0) return;
  const reason = textOf((text, length) => functions.MPI_Error_string(code, text, length));
  throw new ToolkitError('MPI_FAILED', { operation, reason });
}
