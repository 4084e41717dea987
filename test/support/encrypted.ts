import { join } from 'node:path';

import { tensor, tidy, type Tensor4D } from '@tensorflow/tfjs-core';

import { writeManifest } from '../../src/artifacts/manifest.js';
import { storeFloats, type StoredTensor } from '../../src/artifacts/safetensors.js';
import { listFiles } from '../../src/artifacts/manifest.js';
import { elementCount, pixelsPerImage, type ImageShape } from '../../src/core/images.js';
import { Random } from '../../src/core/random.js';
import {
  encryptedModelOf,
  type EncryptedModelDescription,
} from '../../src/deployment/encrypted/description.js';
import { writeEncryptedModel, type LoadedEncryptedModel } from '../../src/deployment/encrypted/folder.js';
import { packSquareNet } from '../../src/deployment/encrypted/matrices.js';
import { squareNetParameters } from '../../src/deployment/encrypted/parameters.js';
import { squareNet } from '../../src/models/square-net.js';
import { temporaryFolder } from './folders.js';

/** A square net with made-up weights: what is given of it, and images. */
export interface MadeUpNet {
  shape: ImageShape;
  classes: number;
  net: { filters: number[]; kernelSize: number; stride: number; denseUnits: number };
}

/** Small enough that keys and computation take a fraction of a second. */
export const tinyNet: MadeUpNet = {
  shape: { height: 8, width: 8, channels: 1 },
  classes: 3,
  net: { filters: [2], kernelSize: 4, stride: 4, denseUnits: 4 },
};

const preprocessing = { scale: 1 / 255, offset: -0.25 };

/** Its weights, with normalisations that are not trivial. */
function madeUpTensors(made: MadeUpNet): Map<string, StoredTensor> {
  const random = new Random(5, 'weights');
  return new Map(
    modelOf(made).parameters.map(({ name, shape }) => {
      const spread = Math.sqrt(1 / Math.max(1, elementCount(shape.slice(0, -1))));
      const values = Float32Array.from({ length: elementCount(shape) }, () => {
        const value = random.uniform();
        return /scale|variance/.test(name) ? 0.5 + value : 2 * spread * (value - 0.5);
      });
      return [`parameters/${name}`, storeFloats(values, shape)];
    }),
  );
}

/** The logits of the model itself, as TensorFlow.js computes them. */
export function logitsOf(made: MadeUpNet, pixels: Uint8Array): Float32Array {
  const { height, width, channels } = made.shape;
  const tensors = madeUpTensors(made);
  return tidy(() => {
    const values = new Map(
      [...tensors].map(([name, { shape, bytes }]) => [
        name.replace('parameters/', ''),
        tensor(new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4), [...shape]),
      ]),
    );
    const scaled = Float32Array.from(pixels, (pixel) => pixel * preprocessing.scale + preprocessing.offset);
    const images = tensor(scaled, [pixels.length / pixelsPerImage(made.shape), height, width, channels]);
    return modelOf(made)
      .apply(images as Tensor4D, values)
      .dataSync<'float32'>();
  });
}

/** Pixels of images of noise. */
export function noise({ shape }: MadeUpNet, images: number): Uint8Array {
  const random = new Random(7, 'pixels');
  return Uint8Array.from({ length: images * pixelsPerImage(shape) }, () => random.integer(256));
}

/** What `parameters.json` says of it. */
export function madeUpDescription(made: MadeUpNet, model = '0'.repeat(16)): EncryptedModelDescription {
  const classNames = Array.from({ length: made.classes }, (_, index) => `class ${index}`);
  const policy = { classNames, thresholds: classNames.map(() => 0), costs: null, abstentionCost: null };
  return {
    ...{ format: 'mnist-train/encrypted-model', version: 1, model, run: 'made-up', logitFactor: 1 },
    ...{ parameters: squareNetParameters, net: made.net, shape: made.shape, classNames, preprocessing },
    ...{ preparation: 'fit', data: { dataset: 'noise' }, rule: { temperature: 1, policy } },
  };
}

/** The packed net, as a server reads it. */
export function packed(made: MadeUpNet): LoadedEncryptedModel {
  const model = encryptedModelOf(madeUpDescription(made));
  return { model, packed: packSquareNet({ tensors: madeUpTensors(made) }, model.plan) };
}

/** A folder with it, as `deploy --to encrypted` writes one. */
export async function encryptedFolder(made: MadeUpNet): Promise<string> {
  const folder = join(await temporaryFolder(), 'encrypted');
  const { model, ...described } = madeUpDescription(made);
  await writeEncryptedModel(folder, described, packed(made).packed);
  const hash = model.repeat(4);
  await writeManifest(folder, {
    ...{ format: 'mnist-train/bundle', version: 1, toolkit: '0.1.0', target: 'encrypted' },
    createdAt: '2026-01-02T03:04:05.678Z',
    source: {
      ...{ run: 'made-up', kind: 'best', step: 1, epochs: 1, createdAt: '2026-01-02T03:04:05.678Z' },
      ...{ checkpoint: hash, dataset: 'noise', fingerprint: 'none' },
    },
    model: { name: squareNet.name, description: 'made up', parameters: 1 },
    ...{ classNames: described.classNames, shape: made.shape },
    preprocessing: { scaling: 'zero-one', ...preprocessing },
    signature: { inputs: [], outputs: [] },
    metrics: { n: 1, accuracy: 1, loss: 0, exported: null },
    verification: { engine: 'none', images: 0, largestDifference: 0, bar: null },
    files: await listFiles(folder),
  });
  return folder;
}

function modelOf({ net, shape, classes }: MadeUpNet): ReturnType<typeof squareNet.build> {
  return squareNet.build(squareNet.options.parse(net), { shape, classes });
}
