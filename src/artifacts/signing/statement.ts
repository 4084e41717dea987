import { z } from 'zod';

import { envelopeSchema } from '../../core/signing/dsse.js';

/** The types and schemas of OpenSSF Model Signing 1.0: an in-toto statement over a model's files, in a Sigstore bundle. */

export const IN_TOTO_TYPE = 'application/vnd.in-toto+json';
export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
export const PREDICATE_TYPE = 'https://model_signing/signature/v1.0';
export const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** The file of a model's signature, inside its folder. */
export const SIGNATURE_FILE = 'model.sig';

/** What no signature of this format covers unless it is asked to. */
export const GIT_PATHS = ['.git', '.gitattributes', '.github', '.gitignore'] as const;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const resourceSchema = z.object({
  /** The file's path inside the folder, with slashes. */
  name: z.string().min(1),
  algorithm: z.string(),
  digest: z.string(),
});

/** A signed file. */
export type Resource = z.infer<typeof resourceSchema>;

/** Fields that are not known are ignored, as the format says; all of them are signed. */
export const statementSchema = z.object({
  _type: z.literal(STATEMENT_TYPE),
  subject: z.tuple([z.object({ name: z.string(), digest: z.object({ sha256 }) })]),
  predicateType: z.literal(PREDICATE_TYPE),
  predicate: z.object({
    serialization: z.object({
      method: z.string(),
      hash_type: z.string(),
      allow_symlinks: z.boolean().default(false),
      ignore_paths: z.array(z.string()).default([]),
    }),
    resources: z.array(resourceSchema),
  }),
});

export type ModelStatement = z.infer<typeof statementSchema>;

/** A Sigstore bundle with a key instead of a certificate. */
export const bundleSchema = z.object({
  mediaType: z.string().startsWith('application/vnd.dev.sigstore.bundle'),
  verificationMaterial: z.object({ publicKey: z.object({ hint: z.string() }) }),
  dsseEnvelope: envelopeSchema,
});

export type Bundle = z.infer<typeof bundleSchema>;
