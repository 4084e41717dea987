import { reshape } from '@tensorflow/tfjs-core';

import { placeFeatures, type DeviceImages } from '../../engine/running/device-images.js';
import { inferenceProgram, type ExecutionMode } from '../../engine/running/prepare.js';
import type { FixedFeatures, ParameterValues } from '../../models/model.js';

/** How features are computed. */
export interface ComputeContext {
  signal: AbortSignal;
  mode: ExecutionMode | undefined;
}

const BYTES_PER_FEATURE = 4;
/** One in this process's memory, one where the backend computes. */
const COPIES = 2;

/** The memory that computed features take, in bytes. */
export function featureBytes(images: number, { size }: Pick<FixedFeatures, 'size'>): number {
  return COPIES * BYTES_PER_FEATURE * images * size;
}

/**
 * Computes the features of images, [indices, size]: float32, so that results are the same as in each step but for rounding. Throws the
 * errors of the backend, or the signal's reason.
 */
export async function featuresAt(
  features: FixedFeatures,
  images: DeviceImages,
  values: ParameterValues,
  indices: Int32Array,
  { signal, mode }: ComputeContext,
): Promise<Float32Array> {
  const { size } = features;
  const program = inferenceProgram(
    (batch) => reshape(features.extract(batch, values), [batch.shape[0], size]),
    images,
    size,
    mode,
  );
  try {
    return await program.run(indices, signal);
  } finally {
    program.dispose();
  }
}

/** Makes the features of all images what is trained on in their place. */
export function inPlaceOf(
  { count, source }: DeviceImages,
  { size }: FixedFeatures,
  pixels: Float32Array,
): DeviceImages {
  const shape = { height: 1, width: size, channels: 1 };
  return placeFeatures({ count, labels: source.labels, pixels, shape });
}
