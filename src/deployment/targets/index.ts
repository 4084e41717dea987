import { Registry } from '../../core/registry.js';
import { docker } from './docker.js';
import { onnx } from './onnx.js';
import { registry } from './registry.js';
import { savedmodel } from './savedmodel.js';
import { web } from './web.js';

/** The targets that `--to` can name. A new one is a file beside this one, and a line here. */
export const targets = new Registry('target', [registry, onnx, savedmodel, web, docker]);
