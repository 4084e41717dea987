import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';

import { ToolkitError } from '../../core/errors.js';
import type { Runtime } from '../runtime/found-runtime.js';
import type { ObtainedRuntime } from '../runtime/obtain.js';
import { chooseVariant } from '../runtime/obtain.js';
import type { RuntimeSearch, SearchResult } from './search-runtime.js';

/** The first verification reads the libraries completely. */
const PATIENCE_MS = 120_000;

/**
 * Finds the runtime as `findRuntime` does, but synchronously, in a worker: operations of tfjs return tensors at once, so the first one
 * cannot wait for a promise. Installs nothing. Throws RUNTIME_MISSING.
 *
 * @param folder the folder in `MNIST_TENSORFLOW`
 */
export function waitForRuntime(folder: string | undefined): ObtainedRuntime {
  const { variant, gpu } = chooseVariant('auto');
  const found = search({ folder, variants: variant.name === 'cpu' ? ['cpu'] : [variant.name, 'cpu'] });
  if (found) return { runtime: found, gpu: found.variant === 'cpu' ? undefined : gpu };
  throw new ToolkitError('RUNTIME_MISSING', {
    reason: 'none is installed',
    hint: 'run "npx mnist runtime install" once, or name a folder with TensorFlow in MNIST_TENSORFLOW',
  });
}

function search(request: RuntimeSearch): Runtime | undefined {
  const { port1: here, port2: there } = new MessageChannel();
  const done = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('./search-runtime.js', import.meta.url), {
    workerData: { ...request, done, port: there },
    transferList: [there],
    // Options of the program, such as --input-type, may not fit a worker.
    execArgv: [],
  });
  worker.unref();
  // It reports what it finds; without a report, the search has failed.
  worker.on('error', () => undefined);
  Atomics.wait(done, 0, 0, PATIENCE_MS);
  const answer = receiveMessageOnPort(here)?.message as SearchResult | undefined;
  here.close();
  if (answer === undefined) {
    throw new ToolkitError('RUNTIME_MISSING', {
      reason: 'the search took too long',
      hint: 'run "npx mnist doctor", or await useTensorFlow() of mnist-train/tensorflow first',
    });
  }
  if ('hint' in answer) throw new ToolkitError('RUNTIME_MISSING', answer);
  return answer.runtime;
}
