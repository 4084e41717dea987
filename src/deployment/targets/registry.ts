import { z } from 'zod';

import { copyCheckpoint } from '../registered.js';
import { defineTarget } from './target.js';

/** A version in the local registry of models, which `mnist serve` answers from. */
export const registry = defineTarget({
  name: 'registry',
  summary: 'new version in the local model registry, for "mnist serve"',
  destination: 'registry',
  isEncryptable: true,
  takesOnnx: true,
  options: z.strictObject({}),
  export: (source, _, folder) => copyCheckpoint(source, folder),
});
