import { reshape } from '@tensorflow/tfjs-core';

import { allIndices } from '../../core/images.js';
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
 * Computes the features of all images, to be trained on in their place: float32, so that results are the same but for rounding. Throws
 * the errors of the backend, or the signal's reason.
 */
export async function computeFeatures(
  features: FixedFeatures,
  images: DeviceImages,
  values: ParameterValues,
  { signal, mode }: ComputeContext,
): Promise<DeviceImages> {
  const { size } = features;
  const { count, source } = images;
  const program = inferenceProgram(
    (batch) => reshape(features.extract(batch, values), [batch.shape[0], size]),
    images,
    size,
    mode,
  );
  try {
    const pixels = await program.run(allIndices(count), signal);
    return placeFeatures({
      count,
      labels: source.labels,
      pixels,
      shape: { height: 1, width: size, channels: 1 },
    });
  } finally {
    program.dispose();
  }
}
