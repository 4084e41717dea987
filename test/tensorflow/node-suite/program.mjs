// Runs the tests that @tensorflow/tfjs-node brings in its package on our drop-in: node program.mjs FOLDER, in a folder that has
// test_objects/ and a package.json. FOLDER is the unpacked package. Prints one line of JSON.
import Module, { createRequire } from 'node:module';
import { mkdtempSync, rm } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import util from 'node:util';

const require = createRequire(import.meta.url);
const root = join(import.meta.dirname, '..', '..', '..');
const [folder, pattern = ''] = process.argv.slice(2);
const dist = join(folder, 'dist');

/** Tests of what ours does otherwise, or does not have. */
const NOT_OURS = new Map([
  [
    'SavedModel deserialize SavedModel pb file',
    'the classes that google-protobuf generates; ours has a reader of its own',
  ],
  ['SavedModel get enum key based on value', 'a helper for those classes'],
  [
    'decode images decode jpeg node bindings do not leak',
    'resident memory to 1 MB, which the moment of a garbage collection decides; ours: test/tensorflow/node/images.test.ts',
  ],
  ['toBuffer', 'a private helper that ours has no use for'],
  ['toArrayBuffer', 'a private helper that ours has no use for'],
]);

const jasmine = require('jasmine-core').boot();
jasmine.DEFAULT_TIMEOUT_INTERVAL = 120_000;

const tfn = require(join(root, 'tfjs-node'));
const tf = require('@tensorflow/tfjs');
const ours = (name) => require(join(root, 'dist', 'tensorflow', 'node', `${name}.js`));
const { NodeJSKernelBackend } = require(join(root, 'vendor', 'tensorflow-kernels.cjs'));

/** What the test files ask for, by the name that they ask with. Helpers that ours does not have come from the package itself. */
const modules = {
  './index': () => tfn,
  '../index': () => tfn,
  './image': () => ({
    ImageType: ours('image-type').ImageType,
    getImageType: ours('image-type').imageTypeOf,
  }),
  './saved_model': () => ({
    getSignatureDefEntryFromMetaGraphInfo: ours('load-saved-model').getSignatureDefEntryFromMetaGraphInfo,
    readSavedModelProto: ours('saved-model-file').getMetaGraphsFromSavedModel,
  }),
  './file_system': () => ours('file-system'),
  './callbacks': () => ({
    ...ours('metrics-text'),
    progressBarHelper: ours('progress-bar').progressBarHelper,
  }),
  './nodejs_kernel_backend': () => ({
    ...require(join(dist, 'nodejs_kernel_backend.js')),
    NodeJSKernelBackend,
    ensureTensorflowBackend: ours('node-backend').nodeBackend,
  }),
  './proto/api_pb': () => ({}),
  '@mapbox/node-pre-gyp': () => ({ find: () => 'binding of tfjs-node' }),
  'binding of tfjs-node': () => tfn.backend().binding,
  '@tensorflow/tfjs': () => tf,
  '@tensorflow/tfjs-core/dist/jasmine_util': () => ({
    TestKernelBackend: class extends tf.KernelBackend {
      dispose() {}
    },
  }),
  'node-fetch': () => ({ Response: globalThis.Response }),
  rimraf: () => (path, done) => {
    rm(path, { recursive: true, force: true }, done);
  },
  tmp: () => ({ dirSync: () => ({ name: mkdtempSync(join(tmpdir(), 'mnist-train-')) }) }),
  // Node 23 removed these two.
  util: () => ({ ...util, isArray: Array.isArray, isNullOrUndefined: (value) => value == null }),
};

const load = Module._load;
Module._load = function (request, parent, ...rest) {
  const isTheirs = parent?.filename?.startsWith(dist) === true;
  const isOwn = parent?.filename === join(dist, 'nodejs_kernel_backend.js') && request.startsWith('./int64');
  return isTheirs && !isOwn && Object.hasOwn(modules, request)
    ? modules[request]()
    : load.call(this, request, parent, ...rest);
};

const { readdirSync } = await import('node:fs');
const files = readdirSync(dist, { recursive: true }).filter((file) => file.endsWith('_test.js'));
for (const file of files.sort()) require(join(dist, file));

const result = { passed: 0, pending: [], failed: [] };
const environment = jasmine.getEnv();
const isNotOurs = (name) => [...NOT_OURS.keys()].some((each) => name.startsWith(each));
environment.configure({
  random: false,
  specFilter: (spec) => new RegExp(pattern).test(spec.getFullName()) && !isNotOurs(spec.getFullName()),
});
environment.addReporter({
  specDone({ fullName, status, failedExpectations }) {
    if (status === 'passed') result.passed++;
    else if (status === 'pending') result.pending.push(fullName);
    else if (status === 'failed') {
      result.failed.push({
        name: fullName,
        message: failedExpectations.map(({ message }) => message).join('; '),
      });
    }
  },
});
await environment.execute();
await new Promise((resolve) =>
  process.stdout.write(`${JSON.stringify({ files: files.length, ...result })}\n`, resolve),
);
process.exit(0);
