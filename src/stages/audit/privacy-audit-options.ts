import { z } from 'zod';

import type { seedOption } from '../../core/config/common-options.js';
import type { modelStageOptions } from '../../engine/backends/options.js';

/** The options of `audit privacy`, beside those that every command has. */
export const privacyAuditFields = z.strictObject({
  auditDelta: z
    .number()
    .min(0)
    .max(0.5)
    .default(1e-5)
    .meta({ description: 'privacy: the δ at which ε is bounded', placeholder: 'X' }),
});

export type PrivacyAuditOptions = z.output<typeof privacyAuditFields> &
  z.output<z.ZodObject<typeof modelStageOptions & { seed: typeof seedOption }>>;
