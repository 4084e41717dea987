import { z } from 'zod';

/** Equal private steps, as `epsilonOf` takes them. */
const events = z.strictObject({
  sampleRate: z.number().min(0).max(1),
  noiseMultiplier: z.number().positive(),
  steps: z.int().min(0),
});

/** What a model has spent of the privacy of its training images: enough to check ε, and to go on. */
export const privacyAccount = z.strictObject({
  /** ε at this δ, for the addition or removal of one image; null where the bound is not finite. */
  epsilon: z.number().min(0).nullable(),
  delta: z.number().positive().lt(1),
  /** Of ε: the bound by Rényi differential privacy, which is looser than `epsilon`, by privacy-loss distributions. */
  renyi: z.number().min(0).nullable(),
  /** The run's own steps. */
  ...events.shape,
  /** Those that the weights it began with had on the same images, and that of a private mean of the features. */
  inherited: z.array(events).max(1000),
  clipNorm: z.number().positive(),
  /** Validation images: `unused`, or declared `public`. */
  validation: z.enum(['unused', 'public']),
});

/** What a model has spent of the privacy of its training images. */
export type PrivacyAccount = z.infer<typeof privacyAccount>;

/** ε and δ for people, the former rounded up: "ε 2.999, δ 1e-5". */
export function privacyText({ epsilon, delta }: Pick<PrivacyAccount, 'epsilon' | 'delta'>): string {
  const bound = epsilon === null ? 'unbounded' : String(Math.ceil(epsilon * 1000) / 1000);
  return `ε ${bound}, δ ${delta.toExponential()}`;
}
