import { z } from 'zod';

import { defineSource } from './own-source.js';

/** No source of one's own: the files that `--from` names. */
export const files = defineSource({
  name: 'files',
  summary: 'the folder, file or URL of --from',
  options: z.strictObject({}),
  images: () => undefined,
});
