// A custom model: a convolutional network whose first layer computes the gradients of the image.
// mnist train --model ./model.mjs --net-width 16
import { convolution, defineModel, dense, globalAveragePooling, sequence, tf, z } from 'mnist-train/plugins';

/** A layer without weights: appends the horizontal and vertical differences of neighbouring pixels as channels. */
function edges([height, width, channels]) {
  return {
    outputShape: [height, width, 3 * channels],
    parameters: [],
    apply(images) {
      const right = tf.pad(tf.slice(images, [0, 0, 1, 0]), [
        [0, 0],
        [0, 0],
        [0, 1],
        [0, 0],
      ]);
      const below = tf.pad(tf.slice(images, [0, 1, 0, 0]), [
        [0, 0],
        [0, 1],
        [0, 0],
        [0, 0],
      ]);
      return tf.concat([images, tf.sub(right, images), tf.sub(below, images)], 3);
    },
  };
}

export default defineModel({
  name: 'edge-net',
  summary: 'small convolutional network over image gradients',
  source: 'an example of mnist-train, 2026',
  options: z.strictObject({
    netWidth: z.int().min(1).max(512).default(16).meta({ description: 'filters of the first convolution' }),
  }),
  build({ netWidth }, { shape, classes }) {
    const input = edges([shape.height, shape.width, shape.channels]);
    const common = { kernelSize: 3, padding: 'same', activation: 'relu', initializer: 'he-normal' };
    const first = convolution({
      ...common,
      ...{ name: 'convolution1', inputShape: input.outputShape, filters: netWidth, stride: 2 },
    });
    const second = convolution({
      ...common,
      ...{ name: 'convolution2', inputShape: first.outputShape, filters: 2 * netWidth, stride: 2 },
    });
    return sequence(`edges, 2 conv layers (${netWidth}-${2 * netWidth}), ${classes} classes`, [
      ...[input, first, second, globalAveragePooling(second.outputShape)],
      dense({ name: 'classifier', inputs: 2 * netWidth, units: classes, initializer: 'fan-in-uniform' }),
    ]);
  },
});
