import { join } from 'node:path';

import { io, tensor4d, tidy, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';
import { loadGraphModel, type GraphModel } from '#tfjs-converter';

import { readArtifact } from '../../core/encryption/artifact-file.js';
import { messageOf, ToolkitError } from '../../core/errors.js';
import { decodeText } from '../../core/formats/text.js';
import type { LabelledImages } from '../../core/images.js';
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
      return new LoadedGraphModel(await loadGraphModel(io.fromMemory(await readArtifacts(folder))));
    } catch (error) {
      throw refused(error);
    }
  }

  /** The probabilities of images, row by row. Throws EXPORT_UNSUPPORTED for an operation that TensorFlow.js does not have. */
  async classify({ count, shape, pixels }: LabelledImages): Promise<Float32Array> {
    const { height, width, channels } = shape;
    const size = height * width * channels;
    const parts: Float32Array[] = [];
    for (let start = 0; start < count; start += BATCH) {
      const taken = Math.min(BATCH, count - start);
      const values = Int32Array.from(pixels.subarray(start * size, (start + taken) * size));
      const images: Tensor4D = tensor4d(values, [taken, height, width, channels], 'int32');
      const result = this.#run(images);
      images.dispose();
      parts.push(await result.data<'float32'>());
      result.dispose();
    }
    return Float32Array.from(parts.flatMap((part) => [...part]));
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

async function readArtifacts(folder: string): Promise<io.ModelArtifacts> {
  const { weightsManifest, ...model } = JSON.parse(
    decodeText(await readArtifact(join(folder, 'model.json'))),
  ) as io.ModelJSON;
  const files = weightsManifest.flatMap(({ paths }) => paths);
  const parts = await Promise.all(files.map((path) => readArtifact(join(folder, path))));
  const weightData = Uint8Array.from(Buffer.concat(parts)).buffer;
  return { ...model, weightSpecs: weightsManifest.flatMap(({ weights }) => weights), weightData };
}

function refused(error: unknown): ToolkitError {
  const details = { target: 'tfjs', reason: `TensorFlow.js refuses it: ${messageOf(error)}` };
  return new ToolkitError('EXPORT_UNSUPPORTED', details, { cause: error });
}
