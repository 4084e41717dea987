import { z } from 'zod';

import { defineFeatures } from './feature.js';

/** The pixels as they are. */
export const raw = defineFeatures({
  name: 'raw',
  summary: 'raw pixels',
  source: 'LeCun et al., “Gradient-based learning applied to document recognition”, 1998',
  options: z.strictObject({}),
  build: () => undefined,
});
