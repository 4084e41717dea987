import type { VariantName } from './variants.js';

/** Where a runtime was found: in a folder given by the user, in the cache, or in an installed Python package. */
export type RuntimeOrigin = 'option' | 'cache' | 'python';

/** The location of TensorFlow's two libraries. */
export interface Runtime {
  origin: RuntimeOrigin;
  variant: VariantName | 'unknown';
  version: string | undefined;
  /** The folder, for messages and `--runtime`. */
  folder: string;
  /** `libtensorflow_cc`: the C API. */
  library: string;
  /** `libtensorflow_framework`: the rest of the C API, and a dependency of the other library. */
  framework: string;
}
