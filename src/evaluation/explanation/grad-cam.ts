import {
  image as images,
  mean,
  mul,
  relu,
  sum,
  tensor4d,
  tidy,
  grad,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { z } from 'zod';

import { ToolkitError } from '../../core/errors.js';
import { defineExplainer } from './explainer.js';
import { logitSum } from './gradients.js';

/**
 * Grad-CAM: the feature maps of the last convolution, weighted by their mean gradients, summed, and clipped at 0. Its resolution is
 * that of the feature maps.
 */
export const gradCam = defineExplainer({
  name: 'grad-cam',
  summary: 'Grad-CAM: regions of the last convolution that support the class; for models with convolutions',
  source:
    'Selvaraju et al., “Grad-CAM: visual explanations from deep networks via gradient-based localization”, 2017',
  options: z.strictObject({}),
  build: () => async (question) => {
    const { model, values, shape, image, label, signal } = question;
    const { featureMaps } = model;
    if (!featureMaps) {
      throw new ToolkitError('USAGE', {
        message: `--method grad-cam needs a model with convolutions; this one is ${model.description}`,
        hint: 'use --method integrated-gradients, smooth-grad or occlusion',
      });
    }
    signal.throwIfAborted();
    const { height, width, channels } = shape;
    const map = tidy(() => {
      const input = tensor4d(image, [1, height, width, channels]);
      const maps = featureMaps.extract(input, values);
      const gradients = grad((activations) =>
        logitSum(featureMaps.classify(activations as Tensor4D, values), label),
      )(maps);
      const weights = mean(gradients, [1, 2], true);
      const weighed = relu(sum<Tensor4D>(mul(maps, weights), 3, true));
      return images.resizeBilinear(weighed, [height, width], false, true);
    });
    const found = await map.data<'float32'>();
    map.dispose();
    return { map: found };
  },
});
