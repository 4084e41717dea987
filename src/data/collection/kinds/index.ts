import { Registry } from '../../../core/registry.js';
import { cifar } from './cifar.js';
import { cifarCoarse } from './cifar-coarse.js';
import { csv } from './csv.js';
import { feedback } from './feedback.js';
import { folder } from './folder.js';
import { idx } from './idx.js';
import { npz } from './npz.js';
import type { SourceKind } from './source-kind.js';

/**
 * The source kinds, in the order of detection: the most specific ones come first. To add one, add a file in this folder and a line
 * here.
 */
export const sourceKinds = new Registry<SourceKind>('source kind', [
  idx,
  cifar,
  cifarCoarse,
  feedback,
  npz,
  csv,
  folder,
]);
