import { DEFAULT_ORIGIN } from '../../core/config/resolve.js';
import type { Emit } from '../../core/events.js';
import { count } from '../../core/format.js';
import { trainFields, type TrainResolution } from './train-options.js';

/** How many images a run takes at least, each as often as it takes it: as many as MNIST has for training. */
const LEAST_TAKEN = 60_000;
/** More epochs would take longer for checkpoints and validation than for training. */
const MOST_EPOCHS = 100;

/** The epochs of a run on so many training images: 10, or as many as it needs to take 60,000 images, up to 100. */
export function usualEpochs(images: number): number {
  const { epochs } = trainFields.pick({ epochs: true }).parse({});
  return Math.min(MOST_EPOCHS, Math.max(epochs, Math.ceil(LEAST_TAKEN / images)));
}

/**
 * A run's settings with the epochs that suit its data, where nothing has set them; says so. They are recorded as if they had been set, so that
 * a resumed or repeated run has as many. A private run keeps the default: each epoch spends privacy.
 *
 * @param images the number of training images
 */
export function withUsualEpochs(resolution: TrainResolution, images: number, emit: Emit): TrainResolution {
  const { values, flat, origins } = resolution;
  const epochs = usualEpochs(images);
  const isSet = origins.get('epochs') !== DEFAULT_ORIGIN;
  if (isSet || values.private || epochs === values.epochs) return resolution;
  emit({
    event: 'notice',
    message: `${epochs} epochs instead of ${values.epochs}, because ${count(images)} training images are few; --epochs sets another number`,
  });
  return {
    ...resolution,
    values: { ...values, epochs },
    flat: { ...flat, epochs },
    origins: new Map(origins).set('epochs', 'the number of training images'),
  };
}
