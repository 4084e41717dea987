import { Registry } from '../../core/registry.js';
import { docker } from './docker.js';
import { encrypted } from './encrypted.js';
import { kubernetesJob } from './kubernetes-job.js';
import { onnx } from './onnx.js';
import { registry } from './registry.js';
import { savedmodel } from './savedmodel.js';
import { tfjs } from './tfjs.js';
import { tflite } from './tflite.js';
import { web } from './web.js';

/** The targets of `--to`. A new one is a file in this folder and a line here. */
export const targets = new Registry(
  'target',
  [registry, onnx, savedmodel, tfjs, tflite, web, docker, kubernetesJob, encrypted],
  ['export'],
);
