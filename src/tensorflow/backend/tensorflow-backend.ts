import type { NodeJSKernelBackend, OperationAttribute, TensorMetadata } from '#tensorflow-kernels';
import type * as kernels from '#tensorflow-kernels';
import { engine, type DataType as TypeName, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';

import { ToolkitError } from '../../core/errors.js';
import { DataType } from '../c-api/data-types.js';
import { attribute } from '../c-api/graph-builder.js';
import type { EagerBinding } from './eager-binding.js';
import { TensorStorage } from './tensor-storage.js';

/** The dtype that tfjs has for a type of TensorFlow's; it takes handles of resources for strings. */
const TYPE_NAMES: Readonly<Record<number, TypeName>> = {
  [DataType.FLOAT]: 'float32',
  [DataType.INT32]: 'int32',
  [DataType.INT64]: 'int32',
  [DataType.UINT8]: 'int32',
  [DataType.BOOL]: 'bool',
  [DataType.COMPLEX64]: 'complex64',
  [DataType.STRING]: 'string',
  [DataType.RESOURCE]: 'string',
};

/** Of the operations that tfjs-node-gpu runs with one input, those whose output differs from it in shape or type. */
const CHANGES_SHAPE_OR_TYPE = new Set(['Diag', 'IsFinite', 'IsInf', 'IsNan']);

/** A 64-bit scalar of tfjs-node-gpu's, which it passes among the tensors although it is none. */
interface Int64Scalar {
  readonly valueArray: Int32Array;
}

/** The binding to TensorFlow; undefined before TensorFlow is started. */
export interface OwnBinding {
  binding: EagerBinding | undefined;
}

/** All that the constructor of tfjs-node-gpu's backend needs of a binding. */
const NOT_STARTED = { isUsingGpuDevice: () => false } as kernels.TensorFlowBinding;

function isInt64Scalar(input: object): input is Int64Scalar {
  return 'valueArray' in input;
}

/** A backend that runs operations without asking TensorFlow for the shape of the output. */
export interface ElementwiseBackend extends NodeJSKernelBackend {
  executeElementwise(name: string, type: number, inputs: TensorInfo[], shape: number[]): Tensor;
}

/**
 * A backend that does what tfjs-node-gpu's does, faster, and whose errors name the operation.
 *
 * @param Base tfjs-node-gpu's backend
 * @param own the binding that the backend has unless another one is put in its place
 */
export function newTensorFlowBackend(
  Base: typeof kernels.NodeJSKernelBackend,
  own: OwnBinding,
): ElementwiseBackend {
  class TensorFlowBackend extends Base {
    override readonly tensorMap: TensorStorage;

    constructor() {
      super(own.binding ?? NOT_STARTED, 'mnist-train');
      this.tensorMap = new TensorStorage(
        (dataId) => {
          engine().moveData(this, dataId);
        },
        (id) => {
          own.binding?.deleteTensor(id);
        },
      );
    }

    override executeSingleInput(name: string, input: TensorInfo): Tensor {
      const type = this.getDTypeInteger(input.dtype);
      return CHANGES_SHAPE_OR_TYPE.has(name)
        ? this.executeSingleOutput(name, [attribute.type('T', type)], [input])
        : this.executeElementwise(name, type, [input], input.shape);
    }

    /** Runs an operation whose inputs and output are of one type. */
    executeElementwise(name: string, type: number, inputs: TensorInfo[], shape: number[]): Tensor {
      const ids = this.#inputIds(name, inputs);
      // Another binding watches what is done, such as one that records a step.
      const { binding } = this;
      if (binding !== own.binding) {
        const [output] = binding.executeOp(name, [attribute.type('T', type)], ids, 1);
        return this.createOutputTensor(output!);
      }
      const id = own.binding.executeKnown(name, ids);
      return this.createOutputTensor({ id, shape, dtype: type });
    }

    override executeSingleOutput(
      name: string,
      attributes: readonly OperationAttribute[],
      inputs: TensorInfo[],
    ): Tensor {
      const [output] = this.binding.executeOp(name, attributes, this.#inputIds(name, inputs), 1);
      return this.createOutputTensor(output!);
    }

    override executeMultipleOutputs(
      name: string,
      attributes: readonly OperationAttribute[],
      inputs: TensorInfo[],
      outputs: number,
    ): Tensor[] {
      const results = this.binding.executeOp(name, attributes, this.#inputIds(name, inputs), outputs);
      return results.map((output) => this.createOutputTensor(output));
    }

    override getInputTensorIds(inputs: TensorInfo[]): number[] {
      return this.#inputIds('an operation', inputs);
    }

    override createOutputTensor({ id, shape, dtype }: TensorMetadata): Tensor {
      const name = TYPE_NAMES[dtype];
      if (name === undefined) throw refused('an output', `tfjs has no tensors of type ${dtype}`);
      const dataId = {};
      this.tensorMap.set(dataId, { id, shape, dtype, values: null, refCount: 1 });
      return engine().makeTensorFromTensorInfo({ dataId, shape, dtype: name });
    }

    #inputIds(operation: string, inputs: readonly TensorInfo[]): number[] {
      const ids: number[] = [];
      for (const input of inputs) ids.push(this.#idOf(operation, input));
      return ids;
    }

    #idOf(operation: string, input: TensorInfo | Int64Scalar): number {
      if (isInt64Scalar(input)) return this.binding.createTensor([], DataType.INT64, input.valueArray);
      const record = this.#recordOf(operation, input);
      if (record.values !== null) {
        record.id = this.binding.createTensor(record.shape, record.dtype, record.values as Float32Array);
        record.values = null;
      }
      return record.id;
    }

    /** Throws TENSORFLOW_FAILED for a tensor that has been disposed, or is none. */
    #recordOf(operation: string, input: TensorInfo): kernels.TensorRecord {
      try {
        return this.tensorMap.get(input.dataId as never);
      } catch (error) {
        throw refused(operation, 'an input is not a tensor, or has been disposed', error);
      }
    }
  }
  return new TensorFlowBackend();
}

function refused(operation: string, reason: string, cause?: unknown): ToolkitError {
  return new ToolkitError('TENSORFLOW_FAILED', { operation, reason }, { cause });
}
