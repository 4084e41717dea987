import { Registry } from '../core/registry.js';
import { mobilenetV3Small } from './backbones/mobilenet-v3-small.js';
import { resnet18 } from './backbones/resnet18.js';
import { cnnSmall } from './cnn-small.js';
import { cnn } from './cnn.js';
import { graph } from './graph.js';
import { mlp } from './mlp.js';
import { resnet } from './resnet.js';
import { rnn } from './rnn.js';
import { squareNet } from './square-net.js';
import { stack } from './stack.js';
import { transformer } from './transformer.js';

/** The models for `--model`. To add one, add a file in this folder, or in backbones, and a line here. */
export const models = new Registry(
  'model',
  [mlp, cnn, cnnSmall, resnet, resnet18, mobilenetV3Small, rnn, transformer, squareNet, stack, graph],
  ['build'],
);
