// A custom method of explanation: input × gradient, from one backward pass.
// mnist explain latest seven.png --method ./explainer.mjs --from-black
import { defineExplainer, tf, ToolkitError, z } from 'mnist-train/plugins';

export default defineExplainer({
  name: 'input-gradient',
  summary: 'input × gradient: first-order effect of each pixel',
  source: 'Shrikumar et al., “Not just a black box”, 2016',
  options: z.strictObject({
    fromBlack: z.boolean().default(true).meta({ description: 'count pixels from black, not from 0' }),
  }),
  build:
    ({ fromBlack }) =>
    async ({ model, values, shape, image, scaling, label, classify }) => {
      // An ONNX model can be asked for its logits alone.
      if (classify) {
        throw new ToolkitError('USAGE', {
          message: 'input-gradient needs gradients, which an ONNX model does not have',
          hint: 'use --method occlusion',
        });
      }
      const { height, width, channels } = shape;
      const origin = fromBlack ? scaling.offset : 0;
      const map = tf.tidy(() => {
        const input = tf.tensor4d(image, [1, height, width, channels]);
        const logit = (images) => tf.sum(tf.slice(model.apply(images, values), [0, label], [1, 1]));
        return tf.sum(tf.mul(tf.sub(input, origin), tf.grad(logit)(input)), [0, 3]);
      });
      try {
        return { map: await map.data() };
      } finally {
        map.dispose();
      }
    },
});
