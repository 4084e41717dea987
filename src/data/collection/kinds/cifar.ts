import { looksLikeCifar } from '../cifar/cifar-files.js';
import { openCifar } from '../cifar/cifar-samples.js';
import { sampleKind } from './source-kind.js';

/** The binary version of CIFAR-10, or of CIFAR-100 with its 100 classes. */
export const cifar = sampleKind({
  name: 'cifar',
  summary: 'binary version of CIFAR-10 or CIFAR-100: data_batch_1.bin, … or train.bin',
  recognises: looksLikeCifar,
  open: (place, options) => openCifar(place, options, 'fine'),
});
