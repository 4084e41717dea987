import { createRequire } from 'node:module';

import type * as kernels from '#tensorflow-kernels';
import { engine, getBackend, registerBackend, registerKernel, setBackend } from '@tensorflow/tfjs-core';

import { AttributeType, DataType } from './data-types.js';
import { EagerBinding } from './eager-binding.js';
import type { EagerContext } from './eager-context.js';
import { RecordingBinding } from './recording-binding.js';

/** The name under which tfjs knows the backend; tfjs-node-gpu's kernels are registered for it. */
export const BACKEND_NAME = 'tensorflow';

/** Kernels beyond tfjs's own, for what TensorFlow does in one operation. `src/engine/operations.ts` calls them. */
export const ExtraKernel = {
  /** `{logits: [n, classes], labels: int32 [n]}` to `[losses [n], gradient of each loss [n, classes]]`. */
  SPARSE_CROSS_ENTROPY: 'SparseSoftmaxCrossEntropyWithLogits',
  /** Bytes (an attribute) to a tensor of unsigned bytes on the device, which tfjs takes for int32. */
  UPLOAD_BYTES: 'UploadBytes',
  /** `{bytes, indices}` to the chosen rows as float32. */
  GATHER_BYTES: 'GatherBytes',
} as const;

/** Makes TensorFlow, through an eager context, the backend of tfjs. */
export async function useTensorFlowBackend(context: EagerContext): Promise<void> {
  const require = createRequire(import.meta.url);
  const { NodeJSKernelBackend } = require('#tensorflow-kernels') as typeof kernels;
  registerBackend(BACKEND_NAME, () => new NodeJSKernelBackend(new EagerBinding(context), 'mnist-train'));
  registerExtraKernels();
  await setBackend(BACKEND_NAME);
}

/** TensorFlow as tfjs's backend, where it is that now. */
export function tensorFlowBackend(): kernels.NodeJSKernelBackend | undefined {
  return getBackend() === BACKEND_NAME ? asTensorFlow(engine().backend) : undefined;
}

/** The eager context behind tfjs's backend. Throws where that is not TensorFlow. */
export function tensorFlowContext(): EagerContext {
  const binding = tensorFlowBackend()?.binding;
  if (!(binding instanceof EagerBinding)) throw new Error('TensorFlow is not the backend in use');
  return binding.context;
}

/** What has been executed when a function has returned, as a recording; see `RecordingBinding`. */
export function recording(): RecordingBinding | undefined {
  const binding = tensorFlowBackend()?.binding;
  return binding instanceof RecordingBinding ? binding : undefined;
}

function registerExtraKernels(): void {
  registerKernel({
    kernelName: ExtraKernel.SPARSE_CROSS_ENTROPY,
    backendName: BACKEND_NAME,
    kernelFunc: ({ inputs, backend }) =>
      asTensorFlow(backend).executeMultipleOutputs(
        'SparseSoftmaxCrossEntropyWithLogits',
        [typeAttribute('T', DataType.FLOAT), typeAttribute('Tlabels', DataType.INT32)],
        [inputs['logits']!, inputs['labels']!],
        2,
      ),
  });
  registerKernel({
    kernelName: ExtraKernel.UPLOAD_BYTES,
    backendName: BACKEND_NAME,
    kernelFunc: ({ attrs, backend }) => {
      const { bytes, shape } = attrs as unknown as { bytes: Uint8Array; shape: number[] };
      const tensorflow = asTensorFlow(backend);
      const id = tensorflow.binding.createTensor(shape, DataType.UINT8, bytes);
      return tensorflow.createOutputTensor({ id, shape, dtype: DataType.UINT8 });
    },
  });
  registerKernel({
    kernelName: ExtraKernel.GATHER_BYTES,
    backendName: BACKEND_NAME,
    kernelFunc: ({ inputs, backend }) => {
      const tensorflow = asTensorFlow(backend);
      const axis = tensorflow.binding.createTensor([], DataType.INT32, new Int32Array([0]));
      const [bytes = -1, indices = -1] = tensorflow.getInputTensorIds([inputs['bytes']!, inputs['indices']!]);
      const [rows] = tensorflow.binding.executeOp(
        'GatherV2',
        [
          typeAttribute('Tparams', DataType.UINT8),
          typeAttribute('Tindices', DataType.INT32),
          typeAttribute('Taxis', DataType.INT32),
          { name: 'batch_dims', type: AttributeType.INT, value: 0 },
        ],
        [bytes, indices, axis],
        1,
      );
      tensorflow.binding.deleteTensor(axis);
      if (!rows) throw new Error('GatherV2 gave no output');
      const row = tensorflow.createOutputTensor(rows);
      const result = tensorflow.executeSingleOutput(
        'Cast',
        [
          typeAttribute('SrcT', DataType.UINT8),
          typeAttribute('DstT', DataType.FLOAT),
          { name: 'Truncate', type: AttributeType.BOOL, value: false },
        ],
        [row],
      );
      tensorflow.disposeData(row.dataId);
      return result;
    },
  });
}

function asTensorFlow(backend: unknown): kernels.NodeJSKernelBackend {
  return backend as kernels.NodeJSKernelBackend;
}

function typeAttribute(name: string, value: number): { name: string; type: number; value: number } {
  return { name, type: AttributeType.TYPE, value };
}
