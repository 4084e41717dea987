import { z } from 'zod';

/** The options of encryption, which every command has; `withEncryption` takes their values. */
export const encryptionFields = z.strictObject({
  encryptTo: z
    .array(z.string().min(1))
    // An empty variable of a script must not mean plaintext.
    .min(1)
    .optional()
    .meta({
      description: 'encrypt all files written, for these recipients: age1…, a file of them, or "passphrase"',
      placeholder: 'RECIPIENT,…',
      allowed: 'one recipient or more',
    }),
  identity: z.string().min(1).optional().meta({
    description: 'file of the secret keys that open encrypted files',
    placeholder: 'FILE',
  }),
  passphraseFile: z.string().min(1).optional().meta({
    description: 'file of the passphrase of encrypted files or of the identity',
    placeholder: 'FILE',
  }),
});
