import { z } from 'zod';

import { quantizeOption, weightsOf, writeOnnx } from '../onnx/export.js';
import { defineTarget } from './target.js';

const options = z.strictObject({
  quantize: quantizeOption,
  input: z
    .enum(['uint8', 'float32'])
    .default('uint8')
    .meta({ description: 'data type of the input; pixel values are 0 to 255 either way' }),
});

/** A model for ONNX Runtime and everything else that reads ONNX; it scales the pixels itself. */
export const onnx = defineTarget({
  name: 'onnx',
  summary: 'ONNX model with preprocessing, for any batch size',
  destination: 'folder',
  isEncryptable: true,
  options,
  export: (source, { quantize, input }, folder) =>
    writeOnnx('onnx', source, { input, weights: weightsOf(quantize) }, folder),
});
