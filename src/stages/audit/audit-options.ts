import { z } from 'zod';

import { signKeyOption } from '../../core/config/common-options.js';
import { isKeyName } from '../../core/signing/note.js';

/** The options of `audit checkpoint`, `prove`, `check` and, for checkpoints, `verify`. */
export const logHeadFields = {
  signKey: signKeyOption.meta({
    description: 'checkpoint: private key (PEM, Ed25519) to sign the log’s head with',
    placeholder: 'FILE',
  }),
  origin: z.string().refine(isKeyName).optional().meta({
    description: 'checkpoint: name of the log; without it, one made from its first line',
    allowed: 'names without spaces and +, such as example.com/models',
    placeholder: 'NAME',
  }),
  witness: z.array(z.string().min(1)).max(20).default([]).meta({
    description:
      'checkpoint: where to keep it, a file elsewhere or a witness’s address; verify, prove: kept checkpoint',
    placeholder: 'FILE|URL,…',
  }),
  witnessKey: z.array(z.string().min(1)).max(20).default([]).meta({
    description: 'checkpoint: public keys of the witnesses given by address',
    placeholder: 'FILE,…',
  }),
  verifyKey: z.array(z.string().min(1)).max(20).default([]).meta({
    description: 'verify, check: public keys (PEM, or name+id+key) that must have signed the checkpoint',
    placeholder: 'FILE,…',
  }),
  from: z.int().min(0).optional().meta({
    description: 'prove: prove that the log has only grown since it had this many lines',
    placeholder: 'LINES',
  }),
} as const;

export type LogHeadOptions = z.output<z.ZodObject<typeof logHeadFields>> & { registryDir: string };
