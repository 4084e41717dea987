import { z } from 'zod';

import { prepareOption } from '../predict/predict-options.js';

/** The options of `encrypted`. */
export const encryptedFields = z.strictObject({
  keys: z.string().min(1).default('encrypted-keys').meta({
    description: 'folder of the keys: keygen makes it, encrypt and decrypt read it',
    placeholder: 'FOLDER',
  }),
  output: z.string().min(1).optional().meta({
    description: 'encrypt: file to write; without it, IMAGE.encrypted in the current folder',
    placeholder: 'FILE',
  }),
  prepare: prepareOption,
  top: z
    .int()
    .min(1)
    .max(256)
    .default(3)
    .meta({ description: 'decrypt: number of most likely classes to show' }),
});

export type EncryptedOptions = z.output<typeof encryptedFields>;
