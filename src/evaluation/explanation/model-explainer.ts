import { tensor4d, tidy } from '@tensorflow/tfjs-core';

import type { Checkpoint } from '../../artifacts/checkpoint.js';
import { Random } from '../../core/random.js';
import { gradientsRefusal, type Attribution, type Explain, type Question } from './explainer.js';
import { requireFinite } from '../../models/finite-outputs.js';
import { loadModel } from '../../models/load-model.js';
import { isOnnx } from '../../models/onnx/settings.js';
import { withOnnx } from '../../models/onnx/shared.js';
import { modelWithoutLayers } from '../../models/onnx/without-layers.js';

/** A checkpoint's model, ready to explain images on what `startForModels` has started. */
export interface ModelExplainer {
  /** The logits of an image. Throws CHECKPOINT_REFUSED where they are not numbers. */
  logits(pixels: Uint8Array): Promise<Float32Array>;
  /** How much each pixel of an image supports a class. */
  explain(explain: Explain, pixels: Uint8Array, label: number): Promise<Attribution>;
  dispose(): void;
}

/** What questions have in common. */
type Asked = Pick<Question, 'model' | 'values' | 'classify'>;

/** Loads a checkpoint's model to explain images. Throws CHECKPOINT_REFUSED. */
export function openExplainer(checkpoint: Checkpoint, seed: number, signal: AbortSignal): ModelExplainer {
  return isOnnx(checkpoint.description)
    ? openOnnx(checkpoint, seed, signal)
    : openLayers(checkpoint, seed, signal);
}

function openLayers(checkpoint: Checkpoint, seed: number, signal: AbortSignal): ModelExplainer {
  const { height, width, channels } = checkpoint.description.shape;
  const { model, variables } = loadModel(checkpoint);
  const values = variables.values();
  const classify = async (image: Float32Array): Promise<Float32Array> => {
    const output = tidy(() => model.apply(tensor4d(image, [1, height, width, channels]), values));
    const logits = await output.data<'float32'>();
    output.dispose();
    return logits;
  };
  const dispose = (): void => {
    variables.dispose();
  };
  return explainerOf(checkpoint, { model, values }, classify, { seed, signal, dispose });
}

function openOnnx(checkpoint: Checkpoint, seed: number, signal: AbortSignal): ModelExplainer {
  const classify = (images: Float32Array): Promise<Float32Array> =>
    withOnnx(checkpoint, (classifier) => classifier.logits(images, signal));
  // The model closes when nobody uses it.
  const dispose = (): void => undefined;
  const model = modelWithoutLayers(checkpoint.description.model.description, () => {
    throw gradientsRefusal();
  });
  const asked = { model, values: new Map(), classify };
  return explainerOf(checkpoint, asked, classify, { seed, signal, dispose });
}

function explainerOf(
  checkpoint: Checkpoint,
  asked: Asked,
  classify: (image: Float32Array) => Promise<Float32Array>,
  { seed, signal, dispose }: { seed: number; signal: AbortSignal; dispose: () => void },
): ModelExplainer {
  const { shape, preprocessing: scaling } = checkpoint.description;
  const scaled = (pixels: Uint8Array): Float32Array =>
    Float32Array.from(pixels, (pixel) => pixel * scaling.scale + scaling.offset);
  return {
    async logits(pixels) {
      return requireFinite(await classify(scaled(pixels)), checkpoint);
    },
    explain(explain, pixels, label) {
      // The same noise for every image, so that an explanation does not depend on other images.
      const random = new Random(seed, 'explanation');
      return explain({ ...asked, shape, image: scaled(pixels), scaling, label, random, signal });
    },
    dispose,
  };
}
