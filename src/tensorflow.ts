/**
 * TensorFlow for Node.js as the backend of TensorFlow.js, for any program that uses `@tensorflow/tfjs` or `@tensorflow/tfjs-core` 4.x.
 * Loading this module starts nothing: TensorFlow is found, installed and loaded by the functions.
 */
import { loadQuietly } from './tensorflow/backend/second-copy.js';
import type {
  FindRuntimeOptions,
  InstallRuntimeOptions,
  UseTensorFlowOptions,
} from './tensorflow/options.js';
import type { Runtime } from './tensorflow/runtime/found-runtime.js';
import type { ListedRuntime } from './tensorflow/runtime/list.js';
import { describeTensorFlow, runningTensorFlow, type ActiveTensorFlow } from './tensorflow/running.js';
import type { StartedTensorFlow } from './tensorflow/use.js';

export { isToolkitError, ToolkitError, type ErrorCode, type ExitCode } from './core/errors.js';
export type {
  FindRuntimeOptions,
  InstallRuntimeOptions,
  ProgressOptions,
  RuntimeEvent,
  RuntimeWarning,
  UseTensorFlowOptions,
} from './tensorflow/options.js';
export type { DeviceName } from './tensorflow/runtime/device.js';
export type { Runtime, RuntimeOrigin } from './tensorflow/runtime/found-runtime.js';
export type { ListedRuntime } from './tensorflow/runtime/list.js';
export type { VariantName } from './tensorflow/runtime/variants.js';
export type { ActiveTensorFlow } from './tensorflow/running.js';
export type { StartedTensorFlow } from './tensorflow/use.js';

/**
 * Selects native TensorFlow as the backend of TensorFlow.js. Its libraries are found (the option `runtime`, the environment variable
 * `MNIST_TENSORFLOW`, an earlier installation, an installed Python TensorFlow) or downloaded and installed once for all programs, unless
 * `MNIST_OFFLINE=1` is set.
 *
 * TensorFlow is initialised once per process: a second call returns the running one, or throws BACKEND_UNAVAILABLE if its options ask
 * for other settings.
 *
 * Throws a ToolkitError: USAGE, BACKEND_UNAVAILABLE, DEVICE_UNAVAILABLE, RUNTIME_MISSING, RUNTIME_UNUSABLE, RUNTIME_INSTALL_FAILED,
 * OUT_OF_MEMORY, TENSORFLOW_FAILED, STORAGE_FULL or STORAGE_DENIED.
 *
 * @example
 * ```js
 * import * as tf from '@tensorflow/tfjs';
 * import { useTensorFlow } from 'mnist-train/tensorflow';
 *
 * const { version, device } = await useTensorFlow();
 * console.log(`TensorFlow ${version} on ${device}`);
 * tf.matMul([[1, 2]], [[3], [4]]).print();
 * ```
 */
export async function useTensorFlow(options: UseTensorFlowOptions = {}): Promise<StartedTensorFlow> {
  const { useTensorFlow: use } = await loadQuietly(() => import('./tensorflow/use.js'));
  return use(options);
}

/** Describes the TensorFlow that this process runs; undefined before it is started. */
export function activeTensorFlow(): ActiveTensorFlow | undefined {
  const running = runningTensorFlow();
  return running && describeTensorFlow(running);
}

/** The version of the TensorFlow that this process runs, such as "2.21.0"; undefined before it is started. */
export function tensorflowVersion(): string | undefined {
  return runningTensorFlow()?.version;
}

/**
 * Finds and verifies the runtime that `useTensorFlow` would load, without installing one; undefined if there is none. Throws USAGE,
 * DEVICE_UNAVAILABLE, RUNTIME_MISSING if TensorFlow does not support this machine, and RUNTIME_UNUSABLE if a runtime fails verification.
 */
export async function findRuntime(options: FindRuntimeOptions = {}): Promise<Runtime | undefined> {
  const manage = await import('./tensorflow/manage-runtimes.js');
  return manage.findRuntime(options);
}

/**
 * Downloads and installs a runtime unless it is installed, as the first call of `useTensorFlow` and `mnist runtime install` do. An
 * interrupted download is resumed by the next call.
 *
 * Throws USAGE, DEVICE_UNAVAILABLE, RUNTIME_MISSING, RUNTIME_INSTALL_FAILED, STORAGE_FULL, STORAGE_DENIED.
 *
 * @example
 * ```js
 * import { installRuntime } from 'mnist-train/tensorflow';
 *
 * const { folder } = await installRuntime({
 *   onProgress(event) {
 *     if (event.event === 'progress') console.log(event.task, event.done, event.total);
 *   },
 * });
 * ```
 */
export async function installRuntime(options: InstallRuntimeOptions = {}): Promise<Runtime> {
  const manage = await import('./tensorflow/manage-runtimes.js');
  return manage.installRuntime(options);
}

/** Lists the runtimes for this machine: those that can be installed, and an installed Python TensorFlow that can be used instead. */
export async function listRuntimes(): Promise<ListedRuntime[]> {
  const list = await import('./tensorflow/runtime/list.js');
  return list.listRuntimes(process.env);
}

/**
 * Removes the runtimes that `useTensorFlow`, `installRuntime` or `mnist runtime install` installed, and returns their folders. Throws
 * FOLDER_BUSY during an installation.
 */
export async function removeRuntimes(): Promise<string[]> {
  const list = await import('./tensorflow/runtime/list.js');
  return list.removeInstalled(process.env);
}
