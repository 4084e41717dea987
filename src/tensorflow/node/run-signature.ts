import type { NodeJSKernelBackend, TensorFlowBinding, TensorMetadata } from '#tensorflow-kernels';
import type { ModelTensorInfo, Tensor } from '@tensorflow/tfjs-core';

import { DataType } from '../c-api/data-types.js';
import { attribute } from '../c-api/graph-builder.js';
import { modelDataType, modelDataTypeNumber } from './model-data-types.js';
import { nodeBackend, withTensors, type Ownership } from './node-backend.js';

const WIDE_INTEGERS: readonly string[] = ['DT_INT64', 'DT_UINT32', 'DT_UINT64'];
const SMALLEST = -(2n ** 31n);
const LARGEST = 2n ** 31n - 1n;

type Own = Ownership['own'];

/**
 * Runs the session of a SavedModel. Inputs and outputs of types that tfjs lacks (int64, uint8, float64, …) are converted.
 *
 * @param inputs tensors, each with its entry in the signature
 * @param outputs output nodes, such as `StatefulPartitionedCall:1`
 */
export function runSignature(
  session: number,
  inputs: readonly (readonly [Tensor, ModelTensorInfo])[],
  outputs: readonly string[],
): Tensor[] {
  const backend = nodeBackend();
  const { binding } = backend;
  return withTensors(binding, ({ own, disown }) => {
    const ids = inputs.map(([tensor, info]) => toModel(backend, tensor, info, own));
    const names = inputs.map(([, { name }]) => name);
    const results = binding.runSavedModel(session, ids, names.join(), outputs.join());
    for (const { id } of results) own(id);
    const converted = results.map((result) => fromModel(binding, result, own));
    return converted.map((result) => backend.createOutputTensor({ ...result, id: disown(result.id) }));
  });
}

function toModel(
  backend: NodeJSKernelBackend,
  tensor: Tensor,
  { dtype, tfDtype = '' }: ModelTensorInfo,
  own: Own,
): number {
  const [id = -1] = backend.getInputTensorIds([tensor]);
  const wanted = modelDataTypeNumber(tfDtype);
  // Floats for integers and the like: TensorFlow's error names the expected type.
  if (tensor.dtype !== dtype || wanted === undefined) return id;
  return wanted === backend.getDTypeInteger(dtype) ? id : cast(backend.binding, id, wanted, own).id;
}

/** Converts a result to a type of tfjs. 64-bit integers that exceed 32 bits stay as they are; their values are read as BigInts. */
function fromModel(binding: TensorFlowBinding, result: TensorMetadata, own: Own): TensorMetadata {
  const { name, dtype } = modelDataType(result.dtype);
  if (dtype === 'float32')
    return result.dtype === DataType.FLOAT ? result : cast(binding, result.id, DataType.FLOAT, own);
  if (dtype !== 'int32' || result.dtype === DataType.INT32) return result;
  if (!WIDE_INTEGERS.includes(name)) return cast(binding, result.id, DataType.INT32, own);
  const wide = result.dtype === DataType.INT64 ? result : cast(binding, result.id, DataType.INT64, own);
  const values = binding.tensorDataSync(wide.id) as BigInt64Array;
  const isNarrow = values.every((value) => value >= SMALLEST && value <= LARGEST);
  return isNarrow ? cast(binding, wide.id, DataType.INT32, own) : wide;
}

/** Eager mode infers the type of the input. */
function cast(binding: TensorFlowBinding, id: number, type: number, own: Own): TensorMetadata {
  const [result] = binding.executeOp('Cast', [attribute.type('DstT', type)], [id], 1);
  own(result!.id);
  return result!;
}
