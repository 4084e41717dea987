// A custom augmentation: noise on each pixel.
// mnist train --augment ./augmentation.mjs --noise 0.1
import { defineAugmentation, tf, z } from 'mnist-train/plugins';

export default defineAugmentation({
  name: 'pixel-noise',
  summary: 'uniform noise on each pixel',
  source: 'as usual in image processing; an example of mnist-train, 2026',
  options: z.strictObject({
    noise: z.number().min(0).max(1).default(0.1).meta({ description: 'largest change, as a share of white' }),
  }),
  build({ noise }, { scaling }) {
    if (noise === 0) return undefined;
    const [black, white] = [scaling.offset, 255 * scaling.scale + scaling.offset];
    return (images, randomness) => {
      const change = tf.mul(
        tf.sub(randomness.uniform(images.shape, 'noise'), 0.5),
        2 * noise * (white - black),
      );
      return tf.clipByValue(tf.add(images, change), black, white);
    };
  },
});
