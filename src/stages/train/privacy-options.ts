import { z } from 'zod';

const onlyWith = { options: ['private'] };

/** The options of training with differential privacy. */
export const privacyFields = {
  private: z.boolean().default(false).meta({
    description:
      'train with differential privacy (DP-SGD): limits what the model reveals of any single training image',
  }),
  targetEpsilon: z
    .number()
    .positive()
    .max(1000)
    .optional()
    .meta({
      ...{ onlyWith, placeholder: 'E' },
      description: 'privacy budget ε for all --epochs; the noise is chosen to meet it',
    }),
  noiseMultiplier: z
    .number()
    .min(0.01)
    .max(1e6)
    .optional()
    .meta({
      ...{ onlyWith, placeholder: 'X' },
      description: 'noise in each step, as a multiple of --clip-norm, instead of --target-epsilon',
    }),
  // Not `onlyWith`: a run that goes on with a larger budget is private already. `planPrivacy` refuses it elsewhere.
  maxEpsilon: z.number().positive().max(1000).optional().meta({
    placeholder: 'E',
    description: 'stop before the epoch that would spend more than this, to continue later with --resume',
  }),
  delta: z
    .number()
    .positive()
    .max(0.1)
    .optional()
    .meta({
      ...{ onlyWith, placeholder: 'D' },
      description:
        'δ, the probability that the guarantee fails; below 1 ÷ images (default: the next power of ten below that)',
    }),
  publicValidation: z.boolean().default(false).meta({
    onlyWith,
    description: 'declare the validation images public: they are measured, and choose the best epoch',
  }),
};
