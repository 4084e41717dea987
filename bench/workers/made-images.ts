import { Random } from '../../src/core/random.js';
import { placeOnDevice, type DeviceImages } from '../../src/engine/running/device-images.js';

const SIDE = 28;
const PIXELS = SIDE * SIDE;
const CLASSES = 10;
const GREY_LEVELS = 256;
/** How much of a pixel is its class's, the rest is noise: a net learns it in some hundred steps. */
const CLASS_SHARE = 0.3;

/** Grey images of 28×28 that a net can learn, the same in every process: each class has a pattern, under noise. */
export function madeImages(count: number): DeviceImages {
  const random = new Random(1, 'made images');
  const patterns = Array.from({ length: CLASSES }, () =>
    Uint8Array.from({ length: PIXELS }, () => random.integer(GREY_LEVELS)),
  );
  const labels = Uint8Array.from({ length: count }, () => random.integer(CLASSES));
  const pixels = new Uint8Array(count * PIXELS);
  labels.forEach((label, image) => {
    patterns[label]!.forEach((value, at) => {
      const noise = random.integer(GREY_LEVELS);
      pixels[image * PIXELS + at] = Math.round(CLASS_SHARE * value + (1 - CLASS_SHARE) * noise);
    });
  });
  const shape = { height: SIDE, width: SIDE, channels: 1 };
  return placeOnDevice({ count, shape, pixels, labels }, { scale: 2 / 255, offset: -1 });
}
