import { z } from 'zod';

import { defineMetric } from './own-metric.js';

/** No further metric. */
export const none = defineMetric({
  name: 'none',
  summary: 'no metric beside ours',
  source: '-',
  options: z.strictObject({}),
  measure: () => undefined,
});
