import type {
  InferenceModel,
  ModelPredictConfig,
  ModelTensorInfo,
  NamedTensorMap,
  SignatureDefEntry,
} from '@tensorflow/tfjs-core';
import { Tensor } from '@tensorflow/tfjs-core';

import { ToolkitError } from '../../core/errors.js';
import { runSignature } from './run-signature.js';

/** A model's session, and how to release it. */
interface Hold {
  readonly session: number;
  /** Gives the session back. */
  release(): void;
}

/** Releases the sessions of models that are garbage-collected without `dispose`. */
const forgotten = new FinalizationRegistry<Hold>((hold) => {
  hold.release();
});

/** A signature of a loaded SavedModel; `loadSavedModel` creates it. */
export class TFSavedModel implements InferenceModel {
  readonly #hold: Hold;
  readonly #signature: SignatureDefEntry;
  #isDisposed = false;

  constructor(hold: Hold, signature: SignatureDefEntry) {
    this.#hold = hold;
    this.#signature = signature;
    forgotten.register(this, hold, this);
  }

  /** The inputs, in the order that `predict` expects in an array. */
  get inputs(): ModelTensorInfo[] {
    return withoutFirstOutput(this.#signature.inputs);
  }

  /** The outputs, in the order of the array that `predict` returns. */
  get outputs(): ModelTensorInfo[] {
    return withoutFirstOutput(this.#signature.outputs);
  }

  /** The graph node of each output, by the output's name. */
  get outputNodeNames(): Record<string, string> {
    return Object.fromEntries(
      Object.entries(this.#signature.outputs).map(([output, { name }]) => [output, name]),
    );
  }

  /**
   * Runs the signature. A tensor returns a tensor, or an array if there are several outputs; an array returns an array; tensors by input
   * name return tensors by output name. Throws USAGE, and TENSORFLOW_FAILED if the model rejects shapes or types.
   *
   * @param _config has no effect, as in tfjs-node: the inputs are one batch
   */
  predict(
    inputs: Tensor | Tensor[] | NamedTensorMap,
    // eslint-disable-next-line @typescript-eslint/no-unused-vars -- part of tfjs's interface
    _config?: ModelPredictConfig,
  ): Tensor | Tensor[] | NamedTensorMap {
    const given = this.#match(inputs);
    const names = Object.keys(this.#signature.outputs);
    const nodes = Object.values(this.#signature.outputs).map(({ name }) => name);
    const results = runSignature(this.#hold.session, given, nodes);
    if (Array.isArray(inputs)) return results;
    if (inputs instanceof Tensor) return results.length === 1 ? results[0]! : results;
    return Object.fromEntries(results.map((result, index) => [names[index]!, result]));
  }

  /**
   * Runs the graph with the signature's inputs up to the named nodes; `name:1` is a node's second output. Throws USAGE or
   * TENSORFLOW_FAILED.
   */
  execute(inputs: Tensor | Tensor[] | NamedTensorMap, outputs: string | string[]): Tensor | Tensor[] {
    const results = runSignature(this.#hold.session, this.#match(inputs), [outputs].flat());
    return Array.isArray(outputs) ? results : results[0]!;
  }

  /** Releases the session, unless other signatures of the model use it. Throws USAGE if called twice. */
  dispose(): void {
    if (this.#isDisposed) throw gone('This SavedModel has already been deleted.');
    this.#isDisposed = true;
    forgotten.unregister(this);
    this.#hold.release();
  }

  #match(inputs: Tensor | Tensor[] | NamedTensorMap): [Tensor, ModelTensorInfo][] {
    if (this.#isDisposed) throw gone('The TFSavedModel has already been deleted!');
    const wanted = Object.entries(this.#signature.inputs);
    if (inputs instanceof Tensor || Array.isArray(inputs)) {
      const tensors = [inputs].flat();
      requireCount(tensors.length, wanted.length);
      return wanted.map(([, info], index) => [tensors[index]!, info]);
    }
    requireNames(Object.keys(inputs), Object.keys(this.#signature.inputs));
    return wanted.map(([name, info]) => [inputs[name]!, info]);
  }
}

/** tfjs-node omits `:0` in the names of nodes. */
function withoutFirstOutput(tensors: SignatureDefEntry['inputs']): ModelTensorInfo[] {
  return Object.values(tensors).map((info) => ({ ...info, name: info.name.replace(/:0$/, '') }));
}

function requireCount(given: number, wanted: number): void {
  if (given === wanted) return;
  throw new ToolkitError('USAGE', {
    message: `Length of input op names (${wanted}) does not match the length of input tensors (${given}).`,
    hint: 'pass one tensor for each of model.inputs',
  });
}

function requireNames(given: readonly string[], wanted: readonly string[]): void {
  if ([...given].sort().join() === [...wanted].sort().join()) return;
  throw new ToolkitError('USAGE', {
    message: `The model signatureDef input names are ${wanted.join()}, however the provided input names are ${given.join()}.`,
    hint: 'tf.node.getMetaGraphsFromSavedModel shows the names of the inputs',
  });
}

function gone(message: string): ToolkitError {
  return new ToolkitError('USAGE', { message, hint: 'load the model again with tf.node.loadSavedModel' });
}
