import { pixelsPerImage, type LabelledImages } from '../../core/images.js';
import type { Session } from '../../tensorflow/c-api/session.js';
import { replaceImages } from '../compiling/session-images.js';
import type { DeviceImages } from './device-images.js';

/** Replaces the images of a compiled program, also in its session where that is open. Throws for another number, or for another size. */
export async function replaceProgramImages(
  data: DeviceImages,
  session: Session | undefined,
  images: LabelledImages,
): Promise<void> {
  const { count, shape } = data.source;
  if (images.count !== count || pixelsPerImage(images.shape) !== pixelsPerImage(shape)) {
    throw new Error(`cannot replace ${count} images by ${images.count}, or by images of another size`);
  }
  data.replace(images);
  if (session) await replaceImages(session, images);
}
