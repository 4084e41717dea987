import { looksLikeCifar } from '../cifar/cifar-files.js';
import { openCifar } from '../cifar/cifar-samples.js';
import { sampleKind } from './source-kind.js';

/** The binary version of CIFAR-100 with its 20 superclasses. The kind `cifar` is found before it, so that only `--format` chooses it. */
export const cifarCoarse = sampleKind({
  name: 'cifar-coarse',
  summary: 'binary version of CIFAR-100, with its 20 superclasses',
  recognises: looksLikeCifar,
  open: (place, options) => openCifar(place, options, 'coarse'),
});
