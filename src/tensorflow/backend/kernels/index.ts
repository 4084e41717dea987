import { registerArithmeticKernels } from './arithmetic.js';
import { registerConvolutionKernels } from './convolution.js';
import { checkConvolutions } from './convolution-checks.js';
import { registerCountingKernels } from './counting.js';
import { registerElementwiseKernels } from './elementwise.js';
import { registerFusedConvolutionKernels } from './fused-convolution.js';
import { registerImageKernels } from './images.js';
import { registerPoolingKernels } from './pooling.js';
import { registerRaggedKernels } from './ragged.js';
import { registerSparseKernels } from './sparse.js';
import { registerStringComparisons } from './string-comparison.js';
import { registerStringKernels } from './strings.js';

/** Registers what tfjs-node-gpu's kernels lack of those that tfjs-core knows, and that TensorFlow can do. */
export function registerKernels(): void {
  registerArithmeticKernels();
  registerConvolutionKernels();
  checkConvolutions();
  registerCountingKernels();
  registerElementwiseKernels();
  registerFusedConvolutionKernels();
  registerImageKernels();
  registerPoolingKernels();
  registerRaggedKernels();
  registerSparseKernels();
  registerStringComparisons();
  registerStringKernels();
}
