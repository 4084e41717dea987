// Custom input features: how much ink each row and each column of an image has, less than or more than usual.
// mnist train --features ./features.mjs --profiles columns
import { defineFeatures, tf, valueOf, z } from 'mnist-train/plugins';

const MEAN = 'profiles/mean';

/** The size of a profile of images of a shape. */
function sizeOf(profiles, { height, width }) {
  return { rows: height, columns: width, both: height + width }[profiles];
}

/** The mean ink of rows, of columns or of both: images [n, height, width, channels] to [n, size]. */
function profilesOf(profiles, images) {
  const ink = tf.mean(images, 3);
  const [rows, columns] = [tf.mean(ink, 2), tf.mean(ink, 1)];
  return { rows, columns, both: tf.concat([rows, columns], 1) }[profiles];
}

export default defineFeatures({
  name: 'profiles',
  summary: 'projection profiles: mean ink of each row and column',
  source: 'an example of mnist-train, 2026',
  options: z.strictObject({
    profiles: z
      .enum(['rows', 'columns', 'both'])
      .default('both')
      .meta({ description: 'lines that are summed' }),
  }),
  // The mean profile of the training images, of pixels as the model gets them.
  fit({ profiles }, { images: { pixels, shape }, indices, scaling }) {
    const { height, width, channels } = shape;
    const size = height * width * channels;
    const [rows, columns] = [new Float64Array(height), new Float64Array(width)];
    for (const index of indices) {
      for (let at = 0; at < size; at++) {
        const place = Math.floor(at / channels);
        const ink = pixels[index * size + at] / indices.length / channels;
        rows[Math.floor(place / width)] += ink / width;
        columns[place % width] += ink / height;
      }
    }
    const profile = { rows: [...rows], columns: [...columns], both: [...rows, ...columns] }[profiles];
    return new Map([[MEAN, Float32Array.from(profile, (ink) => ink * scaling.scale + scaling.offset)]]);
  },
  build({ profiles }, shape, fitted) {
    const size = sizeOf(profiles, shape);
    return {
      description: `profiles of ${profiles === 'both' ? 'rows and columns' : profiles}`,
      size,
      parameters: [
        {
          ...{ name: MEAN, shape: [size], isFixed: true, isConstant: true },
          initialValue: () => fitted?.get(MEAN) ?? new Float32Array(size),
        },
      ],
      cost: { numbers: 2 * size, operations: 5 },
      apply(images, values) {
        const centred = tf.sub(profilesOf(profiles, images), valueOf(values, MEAN));
        return tf.reshape(centred, [images.shape[0], 1, size, 1]);
      },
    };
  },
});
