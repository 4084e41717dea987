import { openCifar } from '../cifar/cifar-samples.js';
import { sampleKind } from './source-kind.js';

/** The binary version of CIFAR-100 with its 20 superclasses. Only `--format` chooses it: by itself, its classes are those of `cifar`. */
export const cifarCoarse = sampleKind({
  name: 'cifar-coarse',
  summary: 'binary version of CIFAR-100, with its 20 superclasses',
  recognises: () => Promise.resolve(false),
  open: (place, options) => openCifar(place, options, 'coarse'),
});
