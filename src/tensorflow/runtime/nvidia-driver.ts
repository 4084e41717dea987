import { messageOf } from '../../core/errors.js';
import { koffi } from '../c-api/ffi.js';

/** The NVIDIA driver and GPUs of this machine, or why there are none. */
export type NvidiaDriver =
  { found: true; cudaVersion: string; devices: string[] } | { found: false; reason: string };

const NAME_BYTES = 256;

/** Queries the NVIDIA driver (`libcuda.so.1`, not the CUDA toolkit) for its CUDA version and its GPUs. Never throws. */
export function probeNvidiaDriver(): NvidiaDriver {
  if (process.platform !== 'linux')
    return { found: false, reason: `CUDA is not supported on ${process.platform}` };
  try {
    const driver = koffi.load('libcuda.so.1');
    const initialize = driver.func('int cuInit(unsigned int flags)') as (flags: number) => number;
    const getVersion = driver.func('int cuDriverGetVersion(void* version)') as (
      version: Int32Array,
    ) => number;
    const getCount = driver.func('int cuDeviceGetCount(void* count)') as (count: Int32Array) => number;
    const getName = driver.func('int cuDeviceGetName(void* name, int length, int device)') as (
      name: Uint8Array,
      length: number,
      device: number,
    ) => number;

    const started = initialize(0);
    if (started !== 0)
      return { found: false, reason: `the NVIDIA driver does not start (CUDA error ${started})` };
    const number = new Int32Array(1);
    getVersion(number);
    const version = number[0] ?? 0;
    getCount(number);
    const devices = Array.from({ length: number[0] ?? 0 }, (_, device) => {
      const name = new Uint8Array(NAME_BYTES);
      getName(name, NAME_BYTES, device);
      return new TextDecoder().decode(name.subarray(0, name.indexOf(0)));
    });
    if (devices.length === 0) return { found: false, reason: 'the NVIDIA driver reports no GPU' };
    return { found: true, cudaVersion: `${Math.floor(version / 1000)}.${(version % 1000) / 10}`, devices };
  } catch (error) {
    return { found: false, reason: `no NVIDIA driver (${messageOf(error)})` };
  }
}
