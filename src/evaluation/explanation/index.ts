import { Registry } from '../../core/registry.js';
import { gradCam } from './grad-cam.js';
import { integratedGradients } from './integrated-gradients.js';
import { occlusion } from './occlusion.js';
import { smoothGrad } from './smooth-grad.js';

/** The methods for `--method`. To add one, add a file in this folder and a line here. */
export const explainers = new Registry(
  'explainer',
  [integratedGradients, smoothGrad, occlusion, gradCam],
  ['build'],
);
