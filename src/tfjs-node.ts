/**
 * What `@tensorflow/tfjs-node` 4.22 adds to `@tensorflow/tfjs`, on TensorFlow 2.21; the folder `tfjs-node` combines both.
 * Importing this module starts nothing: TensorFlow is loaded with the first tensor.
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

/** The version of tfjs-node that this replaces. */
const TFJS_NODE_VERSION = '4.22.0';

/** What is added to the exports of `@tensorflow/tfjs`. */
export interface TfjsNodeAdditions {
  node: NodeApi;
  io: typeof tfjs.io & {
    /** A handler that saves models to a folder or loads them from files, without `file://`. */
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
 * Makes TensorFlow the backend of the program's tfjs, registers file:// URLs and the progress bar of `fit`, and returns what tfjs-node
 * adds. Throws BACKEND_UNAVAILABLE if another package has registered a backend of the same name.
 */
export function extendTfjs(tf: typeof tfjs): TfjsNodeAdditions {
  if (!runningTensorFlow()) {
    requireFreeBackendName();
    registerWaitingBackend(start);
  }
  // Takes effect at once: the backend is created synchronously.
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

/** For warnings such as a GPU that TensorFlow does not use: tfjs-node's functions have no callback for them. */
function warn(event: ToolkitEvent): void {
  if (event.event !== 'warning') return;
  process.emitWarning(`${event.message} (${event.hint})`, { type: 'MnistTrainWarning', code: event.code });
}
