import { rowOf, pixelsPerImage, type LabelledImages } from '../../core/images.js';
import type { EncryptedModelDescription } from './description.js';
import { forward } from './forward.js';
import type { PackedLayer } from './matrices.js';
import { plainArithmetic, plainLayers } from './plain-arithmetic.js';
import type { Plan } from './plan.js';
import { packImage } from './windows.js';

/** What is needed of a packed model to compute it without encryption. */
export interface PlainModel {
  model: {
    plan: Plan;
    description: Pick<
      EncryptedModelDescription,
      'shape' | 'preprocessing' | 'net' | 'classNames' | 'logitFactor'
    >;
  };
  packed: readonly PackedLayer[];
}

/** The logits of images, row by row, computed as the server does, but without encryption. */
export function classifyPlain(
  { model: { plan, description }, packed }: PlainModel,
  { count, pixels }: Pick<LabelledImages, 'count' | 'pixels'>,
): Float32Array {
  const { shape, preprocessing, net, classNames, logitFactor } = description;
  const layers = plainLayers(packed, plan);
  const classes = classNames.length;
  const logits = new Float32Array(count * classes);
  for (let image = 0; image < count; image++) {
    const own = rowOf(pixels, image, pixelsPerImage(shape));
    const slots = forward(plainArithmetic, layers, packImage(own, { shape, preprocessing, ...net, plan }));
    for (let index = 0; index < classes; index++)
      logits[image * classes + index] = slots[index]! / logitFactor;
  }
  return logits;
}
