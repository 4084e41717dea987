import { join } from 'node:path';

import { tensor4d, tidy, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';
import { loadGraphModel, type GraphModel } from '#tfjs-converter';

import { messageOf, ToolkitError } from '../../core/errors.js';
import type { LabelledImages } from '../../core/images.js';
import { NodeFileSystem } from '../../tensorflow/node/file-system.js';
import { classifyInBatches } from '../batches.js';
import { graphModelNames } from './graph-model.js';

/** Images that are computed at once. */
const BATCH = 250;

/** A graph model as `tf.loadGraphModel` loads it from files, run by TensorFlow.js's own executor on the backend in use. */
export class LoadedGraphModel {
  readonly #model: GraphModel;

  private constructor(model: GraphModel) {
    this.#model = model;
  }

  /** Loads a model from a folder. Throws EXPORT_UNSUPPORTED where TensorFlow.js refuses it. */
  static async load(folder: string): Promise<LoadedGraphModel> {
    try {
      return new LoadedGraphModel(await loadGraphModel(new NodeFileSystem(join(folder, 'model.json'))));
    } catch (error) {
      throw refused(error);
    }
  }

  /** The probabilities of images, row by row. Throws EXPORT_UNSUPPORTED for an operation that TensorFlow.js does not have. */
  classify(images: LabelledImages): Promise<Float32Array> {
    return classifyInBatches(images, BATCH, async ({ count, shape, pixels }) => {
      const sizes: [number, number, number, number] = [count, shape.height, shape.width, shape.channels];
      const input: Tensor4D = tensor4d(Int32Array.from(pixels), sizes, 'int32');
      const result = this.#run(input);
      input.dispose();
      const probabilities = await result.data<'float32'>();
      result.dispose();
      return probabilities;
    });
  }

  dispose(): void {
    this.#model.dispose();
  }

  #run(images: Tensor4D): Tensor {
    const { input, probabilities } = graphModelNames;
    try {
      return tidy(() => this.#model.execute({ [input]: images }, probabilities) as Tensor);
    } catch (error) {
      throw refused(error);
    }
  }
}

function refused(error: unknown): ToolkitError {
  const details = { target: 'tfjs', reason: `TensorFlow.js refuses it: ${messageOf(error)}` };
  return new ToolkitError('EXPORT_UNSUPPORTED', details, { cause: error });
}
