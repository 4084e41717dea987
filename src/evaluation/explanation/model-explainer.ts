import { tensor4d, tidy } from '@tensorflow/tfjs-core';

import type { Checkpoint } from '../../artifacts/checkpoint.js';
import { Random } from '../../core/random.js';
import type { Attribution, Explain, Question } from './explainer.js';
import { requireFinite } from '../../models/finite-outputs.js';
import { loadModel } from '../../models/load-model.js';

/** A checkpoint's model, ready to explain images on the started backend. */
export interface ModelExplainer {
  /** The logits of an image. Throws CHECKPOINT_REFUSED where they are not numbers. */
  logits(pixels: Uint8Array): Promise<Float32Array>;
  /** How much each pixel of an image supports a class. */
  explain(explain: Explain, pixels: Uint8Array, label: number): Promise<Attribution>;
  dispose(): void;
}

/** Loads a checkpoint's model to explain images. Throws CHECKPOINT_REFUSED. */
export function openExplainer(checkpoint: Checkpoint, seed: number, signal: AbortSignal): ModelExplainer {
  const { shape, preprocessing: scaling } = checkpoint.description;
  const { model, variables } = loadModel(checkpoint);
  const values = variables.values();
  const scaled = (pixels: Uint8Array): Float32Array =>
    Float32Array.from(pixels, (pixel) => pixel * scaling.scale + scaling.offset);
  return {
    async logits(pixels) {
      const { height, width, channels } = shape;
      const output = tidy(() => model.apply(tensor4d(scaled(pixels), [1, height, width, channels]), values));
      const logits = await output.data<'float32'>();
      output.dispose();
      return requireFinite(logits, checkpoint);
    },
    explain(explain, pixels, label) {
      // The same noise for every image, so that an explanation does not depend on other images.
      const random = new Random(seed, 'explanation');
      const question: Question = {
        model,
        values,
        shape,
        image: scaled(pixels),
        scaling,
        label,
        random,
        signal,
      };
      return explain(question);
    },
    dispose: () => {
      variables.dispose();
    },
  };
}
