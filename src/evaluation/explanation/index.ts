import { Registry } from '../../core/registry.js';
import { gradCam } from './grad-cam.js';
import { integratedGradients } from './integrated-gradients.js';
import { occlusion } from './occlusion.js';
import { smoothGrad } from './smooth-grad.js';

/** The methods that `--method` can name. New ones are a file beside this one, and a line here. */
export const explainers = new Registry('explainer', [integratedGradients, smoothGrad, occlusion, gradCam]);
