import { z } from 'zod';

import { preparationNames } from '../../data/imaging/prepare.js';

/** How a picture is made into an image for a model. */
export const prepareOption = z
  .enum(['auto', ...preparationNames, 'import'])
  .default('auto')
  .meta({
    description:
      'preprocessing of the image: digit crops and centres one character as in MNIST; fit takes the whole image, crop its middle, stretch the whole without its proportions; import repeats the data set’s import; auto chooses by data set',
  });
