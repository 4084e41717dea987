import type { VariantName } from './variants.js';

/** Where a runtime was found: named by the user, in our cache, or as part of an installed Python TensorFlow. */
export type RuntimeOrigin = 'option' | 'cache' | 'python';

/** A folder with TensorFlow's two libraries, ready to be loaded. */
export interface Runtime {
  origin: RuntimeOrigin;
  variant: VariantName | 'unknown';
  version: string | undefined;
  /** The folder as a person would name it. */
  folder: string;
  /** `libtensorflow_cc`: the C API. */
  library: string;
  /** `libtensorflow_framework`: a part of the C API, and what the other one is linked with. */
  framework: string;
}
