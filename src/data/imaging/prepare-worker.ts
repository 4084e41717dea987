import type { Picture } from './picture.js';
import type { ImageShape } from '../../core/images.js';
import { preparePicture, type PreparationName, type PreparedPicture } from './prepare.js';

/** A picture to be prepared in another thread. */
export interface PreparationTask {
  picture: Picture;
  shape: ImageShape;
  preparation: PreparationName;
}

/** What a thread of the pool does. */
export default function prepare({ picture, shape, preparation }: PreparationTask): PreparedPicture {
  return preparePicture(picture, shape, preparation);
}
