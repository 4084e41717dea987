import { z } from 'zod';

import { defineAugmentation } from './own-augmentation.js';

/** No augmentation beyond that of the options `--augment-…`. */
export const none = defineAugmentation({
  name: 'none',
  summary: 'no augmentation of your own',
  source: '2026',
  options: z.strictObject({}),
  build: () => undefined,
});
