/**
 * What `@tensorflow/tfjs-node` 4.22 adds to `@tensorflow/tfjs`, on TensorFlow 2.21: the package's folder `tfjs-node` puts both together.
 * Loading this module starts nothing; TensorFlow is loaded when a tensor is first needed.
 */
import type * as tfjs from '@tensorflow/tfjs';
import { setBackend } from '@tensorflow/tfjs-core';

import { silentContext, type ToolkitEvent } from './core/events.js';
import { BACKEND_NAME } from './tensorflow/backend/kernels/kernel-call.js';
import { registerWaitingBackend, requireFreeBackendName } from './tensorflow/backend/tfjs-backend.js';
import { fileSystem, nodeFileSystemRouter } from './tensorflow/node/file-system.js';
import { nodeApi, type NodeApi } from './tensorflow/node/node-api.js';
import { progressBarCallback } from './tensorflow/node/progress-bar.js';
import { tensorBoardFor } from './tensorflow/node/tensor-board.js';
import { waitForRuntime } from './tensorflow/node/wait-for-runtime.js';
import { runningTensorFlow } from './tensorflow/running.js';
import { openTensorFlow } from './tensorflow/start.js';

export { isToolkitError, ToolkitError, type ErrorCode, type ExitCode } from './core/errors.js';
export type { NodeApi } from './tensorflow/node/node-api.js';
export type { NodeFileSystem } from './tensorflow/node/file-system.js';
export type { SummaryFileWriter } from './tensorflow/node/summary-file-writer.js';
export type { TensorBoardCallbackArgs } from './tensorflow/node/tensor-board.js';
export type { TFSavedModel } from './tensorflow/node/saved-model.js';

/** The version of tfjs-node whose functions these are. */
const TFJS_NODE_VERSION = '4.22.0';

/** What replaces or joins the exports of `@tensorflow/tfjs`. */
export interface TfjsNodeAdditions {
  node: NodeApi;
  io: typeof tfjs.io & {
    /** A handler that saves models in a folder, or loads them from files, without `file://`. */
    fileSystem: typeof fileSystem;
    /** A handler that loads models by HTTP. */
    nodeHTTPRequest: (
      path: string,
      requestInit?: RequestInit,
      weightPathPrefix?: string,
    ) => tfjs.io.IOHandler;
  };
  version: typeof tfjs.version & { 'tfjs-node': string };
}

/**
 * Makes TensorFlow the backend of a tfjs, which has file:// URLs and a progress bar from now on, and returns what it lacks of
 * tfjs-node. Throws BACKEND_UNAVAILABLE where another package serves tfjs under the same name.
 */
export function extendTfjs(tf: typeof tfjs): TfjsNodeAdditions {
  if (!runningTensorFlow()) {
    requireFreeBackendName();
    registerWaitingBackend(start);
  }
  // At once, for a backend that is made at once.
  void setBackend(BACKEND_NAME);
  tf.io.registerLoadRouter(nodeFileSystemRouter);
  tf.io.registerSaveRouter(nodeFileSystemRouter);
  tf.registerCallbackConstructor(1, progressBarCallback(tf));
  return {
    node: nodeApi(tensorBoardFor(tf)),
    io: {
      ...tf.io,
      fileSystem,
      nodeHTTPRequest: (path, requestInit, weightPathPrefix) =>
        tf.io.browserHTTPRequest(path, {
          ...(requestInit && { requestInit }),
          ...(weightPathPrefix !== undefined && { weightPathPrefix }),
        }),
    },
    version: { ...tf.version, 'tfjs-node': TFJS_NODE_VERSION },
  };
}

function start(): void {
  const folder = process.env['MNIST_TENSORFLOW'];
  const settings = { device: 'auto', environment: process.env } as const;
  openTensorFlow(waitForRuntime(folder === '' ? undefined : folder), settings, silentContext({ emit: warn }));
}

/** tfjs-node's functions have nowhere else to say that a GPU is not used. */
function warn(event: ToolkitEvent): void {
  if (event.event !== 'warning') return;
  process.emitWarning(`${event.message} (${event.hint})`, { type: 'MnistTrainWarning', code: event.code });
}
