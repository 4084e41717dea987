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
 * Makes TensorFlow the backend of the TensorFlow.js that the program has loaded or loads later. It is found (`runtime`, the environment
 * variable `MNIST_TENSORFLOW`, an earlier installation, a Python TensorFlow) or else downloaded and installed, once for all programs;
 * `MNIST_OFFLINE=1` forbids that.
 *
 * TensorFlow is set up once in a process. Calling this again gives the TensorFlow that runs, or throws BACKEND_UNAVAILABLE where
 * options ask for another set-up.
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

/** The TensorFlow that runs in this process, or undefined before it is started. */
export function activeTensorFlow(): ActiveTensorFlow | undefined {
  const running = runningTensorFlow();
  return running && describeTensorFlow(running);
}

/** The version of the TensorFlow that runs in this process, such as "2.21.0", or undefined before it is started. */
export function tensorflowVersion(): string | undefined {
  return runningTensorFlow()?.version;
}

/**
 * Looks for the runtime that `useTensorFlow` would load, and verifies it; nothing is installed. Gives undefined where there is none.
 * Throws USAGE, DEVICE_UNAVAILABLE, RUNTIME_MISSING where this machine cannot run TensorFlow, and RUNTIME_UNUSABLE where one is there
 * but is not to be trusted.
 */
export async function findRuntime(options: FindRuntimeOptions = {}): Promise<Runtime | undefined> {
  const manage = await import('./tensorflow/manage-runtimes.js');
  return manage.findRuntime(options);
}

/**
 * Downloads and installs a runtime, unless it is there: what `useTensorFlow` does when it is first called, and `mnist runtime install`
 * on the command line. What an interrupted call downloaded is used by the next.
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

/** The runtimes for this machine: those that can be installed, and a Python TensorFlow that would be used instead. */
export async function listRuntimes(): Promise<ListedRuntime[]> {
  const list = await import('./tensorflow/runtime/list.js');
  return list.listRuntimes(process.env);
}

/**
 * Removes the runtimes that were installed, here or by `mnist runtime install`, and gives their folders. A Python TensorFlow stays.
 * Throws FOLDER_BUSY while one is being installed.
 */
export async function removeRuntimes(): Promise<string[]> {
  const list = await import('./tensorflow/runtime/list.js');
  return list.removeInstalled(process.env);
}
