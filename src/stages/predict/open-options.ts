import { z } from 'zod';

import { checkpointsDirOption, pluginOptions } from '../../core/config/common-options.js';
import { backendOptions } from '../../engine/backends/options.js';
import { prepareOption } from './predict-options.js';

/** The options of `openModel`. */
export const openFields = z.strictObject({
  top: z.int().min(1).max(256).default(3).meta({ description: 'number of most likely classes to list' }),
  prepare: prepareOption,
  maxBatch: z.int().min(1).max(1024).default(16).meta({ description: 'images that are computed together' }),
  checkpointsDir: checkpointsDirOption,
  ...pluginOptions,
  ...backendOptions,
});

export type OpenOptions = z.output<typeof openFields>;
