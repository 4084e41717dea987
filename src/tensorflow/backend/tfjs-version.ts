import { createRequire } from 'node:module';
import { join } from 'node:path';

import { z } from 'zod';

import { ToolkitError } from '../../core/errors.js';
import { BACKEND_NAME } from './extra-kernels.js';

const MAJOR = '4';

/** A module of tfjs-core, as npm installs it; what precedes `dist` is the package's folder. */
const CORE_MODULE = /^(.*[\\/]@tensorflow[\\/]tfjs-core)[\\/]dist[\\/]/;

const manifestSchema = z.object({ version: z.string() });

/**
 * Throws BACKEND_UNAVAILABLE where a copy of tfjs-core is loaded that is not of version 4. Copies of version 4 share one engine and
 * one table of kernels; one of another version would share them as well, and call kernels that do not fit.
 */
export function requireTfjs4(): void {
  const require = createRequire(import.meta.url);
  const folders = Object.keys(require.cache).flatMap((path) => CORE_MODULE.exec(path)?.[1] ?? []);
  for (const folder of new Set(folders)) {
    const { version } = manifestSchema.parse(require(join(folder, 'package.json')));
    if (version.split('.')[0] === MAJOR) continue;
    throw new ToolkitError('BACKEND_UNAVAILABLE', {
      backend: BACKEND_NAME,
      reason: `version ${version} of TensorFlow.js is loaded (${folder}), and version ${MAJOR} is needed`,
      hint: `install @tensorflow/tfjs@${MAJOR}, or @tensorflow/tfjs-core@${MAJOR}`,
    });
  }
}
