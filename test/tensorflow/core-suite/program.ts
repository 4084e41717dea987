// Runs the tests of tfjs-core on our backend; scripts/tfjs-core-suite.mjs bundles and starts it. Prints one line of JSON.
import { boot } from 'jasmine-core';

import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util.js';

import { useTensorFlowBackend } from '../../../src/tensorflow/backend/tfjs-backend.js';
import { usesOneDnn } from '../../../src/tensorflow/onednn.js';
import { installedRuntime, openTensorFlow } from '../../support/tensorflow.js';

/** What scripts/tfjs-core-suite.mjs reads. */
export interface SuiteResult {
  readonly oneDnn: boolean | undefined;
  readonly passed: number;
  readonly pending: readonly string[];
  readonly failed: readonly { name: string; message: string }[];
}

const pattern = new RegExp(process.argv[2] ?? '');
const jasmine = boot();
const environment = jasmine.getEnv();
jasmine.DEFAULT_TIMEOUT_INTERVAL = 20_000;
environment.configure({
  random: false,
  forbidDuplicateNames: false,
  specFilter: (spec) => pattern.test(spec.getFullName()),
});
setTestEnvs([{ name: 'test-tensorflow', backendName: 'tensorflow', flags: {}, isDataSync: true }]);
await useTensorFlowBackend(await openTensorFlow(2));
await import('@tensorflow/tfjs-core/dist/tests.js');

const { framework } = await installedRuntime();
const oneDnn = usesOneDnn(framework);
const result = { oneDnn, passed: 0, pending: [] as string[], failed: [] as SuiteResult['failed'][number][] };
environment.addReporter({
  specDone({ fullName, status, failedExpectations }) {
    if (status === 'passed') result.passed++;
    else if (status === 'pending') result.pending.push(fullName);
    else if (status === 'failed')
      result.failed.push({ name: fullName, message: failedExpectations[0]?.message ?? '' });
  },
});
await environment.execute();
await new Promise((resolve) => process.stdout.write(`${JSON.stringify(result)}\n`, resolve));
// Timers of tests that are over keep the process alive.
process.exit(0);
