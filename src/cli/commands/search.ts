import { ToolkitError } from '../../core/errors.js';
import { search } from '../../stages/search/search.js';
import { resolveSearch, searchSpace } from '../../stages/search/search-options.js';
import { searchText } from '../terminal/results/search.js';
import { defineCommand, withCommonOptions } from '../command.js';

export const searchCommand = defineCommand({
  summary: 'search for the best hyperparameters',
  positionals: [],
  space: withCommonOptions(searchSpace.fields, searchSpace.choices),
  examples: [
    ['mnist search --config space.json', 'run the search that the section "search" describes'],
    ['mnist search --config space.json --run rates --threads 2', 'a named search, repeatable bit for bit'],
    ['mnist search --resume rates', 'continue after Ctrl-C'],
    ['mnist-train --config checkpoints/rates/best.json', 'train the best configuration again'],
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
