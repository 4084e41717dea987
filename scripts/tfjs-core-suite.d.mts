import type { SuiteResult } from '../test/tensorflow/core-suite/program.js';

/** Runs the tests of tfjs-core's package on our backend, in a process of its own. */
export function runCoreSuite(options?: {
  pattern?: string;
  environment?: NodeJS.ProcessEnv;
}): Promise<SuiteResult>;
