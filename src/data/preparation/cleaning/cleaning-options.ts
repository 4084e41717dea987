import { z } from 'zod';

import type { CheckMode } from '../checks/check.js';
import { checks } from '../checks/index.js';
import type { CheckModes } from './clean.js';
import { denoisers } from '../denoisers/index.js';

/** Every check, with what can be done about its findings: `outliers`, `outliers=report`, `outliers=drop`; and all of them. */
const words = [
  'all',
  ...[...checks].flatMap(({ name, modes }) => [name, ...modes.map((mode) => `${name}=${mode}`)]),
] as [string, ...string[]];

const MODES = 'off, report, drop or fix';

/** Whether a word asks for a check that learns from the images. */
function crossValidates(word: string): boolean {
  const modes = checkModes([word]);
  return [...checks].some((check) => {
    const mode = modes.get(check.name) ?? check.fallback;
    return mode !== 'off' && check.needsBackend(mode);
  });
}

/** The options that say how a data set is cleaned. */
export const cleaningOptions = {
  clean: z
    .array(z.enum(words))
    .default([])
    .meta({
      description: 'checks to run and what to do about findings, such as label-errors=drop,outliers',
      allowed: `a list of CHECK or CHECK=MODE (${MODES}), where CHECK is all or one of ${checks.names.join(', ')}`,
      placeholder: 'CHECK=MODE,…',
    }),
  denoise: z
    .enum(['none', ...denoisers.names] as [string, ...string[]])
    .default('none')
    .meta({ description: 'denoising filter for all images' }),
  folds: z
    .int()
    .min(2)
    .max(20)
    .default(4)
    .meta({
      description: 'folds of the cross-validation that finds label errors',
      onlyWith: { options: ['clean'], values: words.filter(crossValidates) },
    }),
};

/**
 * The mode of every check, from the words of the option; of two words about a check, the later one counts. A check without a
 * mode, and all of them, is reported where it can be.
 */
export function checkModes(clean: readonly string[]): CheckModes {
  const modes = new Map<string, CheckMode>([...checks].map(({ name, fallback }) => [name, fallback]));
  for (const word of clean) {
    const [name = '', mode = 'report'] = word.split('=');
    for (const check of checks) {
      if (name !== 'all' && name !== check.name) continue;
      // The word's schema allows only modes that the check has, but for a word without one.
      if (check.modes.includes(mode as CheckMode)) modes.set(check.name, mode as CheckMode);
    }
  }
  return modes;
}
