import { z } from 'zod';

import { preparationNames } from '../../data/imaging/prepare.js';

/** How a picture is made into an image for a model. */
export const prepareOption = z
  .enum(['auto', ...preparationNames, 'import'])
  .default('auto')
  .meta({
    description:
      'digit: crop and centre one sign as MNIST did; fit: the whole picture; import: as the data set was imported; auto: what suits the data set',
  });
