'use strict';

// The exports of `mnist-train/tfjs-node`, and of `@tensorflow/tfjs-node` where this folder replaces that package: all of
// @tensorflow/tfjs, and tf.node. CommonJS like the original; a static import could not explain that @tensorflow/tfjs is missing.
Object.defineProperty(exports, '__esModule', { value: true });

const { ToolkitError } = require('../dist/core/errors.js');
const { requireQuietly } = require('../dist/tensorflow/backend/second-copy.js');

const tfjs = requireTfjs();
const { extendTfjs } = requireQuietly(() => require('../dist/tfjs-node.js'));
const { node, io, version } = extendTfjs(tfjs);
Object.assign(exports, tfjs, { node, io, version });

// For `import`: Node.js reads the names of a CommonJS module's exports from its text.
// eslint-disable-next-line no-constant-binary-expression -- it is read, not run
0 && (module.exports = { node, io, version, ...require('@tensorflow/tfjs') });

function requireTfjs() {
  try {
    return require('@tensorflow/tfjs');
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    throw new ToolkitError(
      'USAGE',
      {
        message: 'mnist-train/tfjs-node needs @tensorflow/tfjs, which is not installed',
        hint: 'npm install @tensorflow/tfjs@4.22.0',
      },
      { cause: error },
    );
  }
}
