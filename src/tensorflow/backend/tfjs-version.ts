import { createRequire } from 'node:module';
import { join } from 'node:path';

import { z } from 'zod';

import { ToolkitError } from '../../core/errors.js';
import { BACKEND_NAME } from './kernels/kernel-call.js';

const MAJOR = '4';

/** The path of a module of tfjs-core; the part before `dist` is the package's folder. */
const CORE_MODULE = /^(.*[\\/]@tensorflow[\\/]tfjs-core)[\\/]dist[\\/]/;

const manifestSchema = z.object({ version: z.string() });

/**
 * Throws BACKEND_UNAVAILABLE if a copy of tfjs-core with another major version is loaded: all copies in a process share one engine and
 * one kernel registry. A copy that a bundler has merged into a program is not recognised.
 */
export function requireTfjs4(): void {
  const require = createRequire(import.meta.url);
  const folders = Object.keys(require.cache).flatMap((path) => CORE_MODULE.exec(path)?.[1] ?? []);
  for (const folder of new Set(folders)) {
    const { version } = manifestSchema.parse(require(join(folder, 'package.json')));
    if (version.split('.')[0] === MAJOR) continue;
    throw new ToolkitError('BACKEND_UNAVAILABLE', {
      backend: BACKEND_NAME,
      reason: `it needs TensorFlow.js ${MAJOR}, and version ${version} is loaded (${folder})`,
      hint: `install @tensorflow/tfjs@${MAJOR}, or @tensorflow/tfjs-core@${MAJOR}`,
    });
  }
}
