import { it } from 'vitest';

import { expectOriginalOutputs } from '../../support/imports.js';

it.each(['onnx-mnist', 'onnx-colour', 'onnx-flat', 'onnx-half', 'onnx-keras'])(
  'an ONNX model computes what the original does: %s',
  expectOriginalOutputs,
);
