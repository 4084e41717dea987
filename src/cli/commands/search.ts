import { z } from 'zod';

import { ToolkitError } from '../../core/errors.js';
import { search } from '../../stages/search/search.js';
import { resolveSearch, searchFields, searchSpace } from '../../stages/search/search-options.js';
import { searchText } from '../terminal/results/search.js';
import { commonFields, defineCommand } from '../command.js';

export const searchCommand = defineCommand({
  summary: 'try configurations of a space, and say which does best on the validation split',
  positionals: [],
  space: { ...searchSpace, fields: z.strictObject({ ...commonFields.shape, ...searchFields.shape }) },
  examples: [
    ['mnist search --config space.json', 'the trials that the section "search" of the file describes'],
    ['mnist search --config space.json --run rates --threads 2', 'with a name, and repeatable bit for bit'],
    ['mnist search --resume rates', 'go on after Ctrl-C'],
    ['mnist-train --config checkpoints/rates/best.json', 'the best trial, once more and alone'],
  ],
  resolve: resolveSearch,
  async run({ resolution, context }) {
    const result = await search(resolution, context);
    const { trials, best } = result;
    return {
      data: result,
      text: (style) => searchText(result, style),
      failure:
        best === null
          ? new ToolkitError('SEARCH_FAILED', { trials: trials.length, reason: trials[0]?.reason ?? '' })
          : undefined,
    };
  },
});
