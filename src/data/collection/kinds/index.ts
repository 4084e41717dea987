import { Registry } from '../../../core/registry.js';
import { csv } from './csv.js';
import { feedback } from './feedback.js';
import { folder } from './folder.js';
import { idx } from './idx.js';
import { npz } from './npz.js';
import type { SourceKind } from './source-kind.js';

/**
 * The kinds of sources, in the order in which they are looked for: what has the most particular signs comes first. A new one is
 * a file beside this one, and a line here.
 */
export const sourceKinds = new Registry<SourceKind>('source kind', [idx, feedback, npz, csv, folder]);
