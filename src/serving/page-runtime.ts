import { join } from 'node:path';

import { once } from '../core/concurrency.js';
import { isToolkitError } from '../core/errors.js';
import type { StageContext } from '../core/events.js';
import { obtainOnnxRuntime } from '../engine/onnx-runtime/obtain.js';
import { fileNames, runtimeNames } from '../engine/onnx-runtime/pinned-files.js';
import type { StaticFiles } from './http/static-files.js';
import { HttpError } from './http-errors.js';

/**
 * The files of ONNX Runtime for the page. They are fetched when a browser first asks for one, unless they are there: only pages that
 * run a model with convolutions in the browser do.
 */
export function pageRuntime(context: StageContext, obtain = obtainOnnxRuntime): StaticFiles {
  const folder = once(() =>
    obtain({ builds: runtimeNames, environment: process.env }, context).catch((error: unknown) => {
      throw unavailable(error, context);
    }),
  );
  return new Map(fileNames(runtimeNames).map((name) => [name, async () => join(await folder(), name)]));
}

/** The person at the server learns what to install; clients, that it is missing. */
function unavailable(error: unknown, { emit }: StageContext): unknown {
  if (!isToolkitError(error)) return error;
  const { code, message, hint } = error;
  emit({ event: 'warning', code, message: `the page cannot run the model in a browser: ${message}`, hint });
  return new HttpError('ONNX_RUNTIME_MISSING', undefined, { cause: error });
}
