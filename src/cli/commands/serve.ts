import { serve } from '../../stages/serve/serve.js';
import { serveFields } from '../../stages/serve/serve-options.js';
import { logDestination } from '../terminal/log.js';
import { defineCommand, withCommonOptions } from '../command.js';
import { servedText } from '../terminal/results/serve.js';

export const serveCommand = defineCommand({
  summary: 'serve a model over HTTP (Open Inference Protocol)',
  positionals: [
    {
      name: 'checkpoint',
      description: 'checkpoint file, run folder, run name or "latest"; without it, a model of the registry',
      required: false,
    },
  ],
  space: withCommonOptions(serveFields),
  examples: [
    ['mnist serve latest', 'the latest run at http://127.0.0.1:8080, API documentation at /docs'],
    ['mnist serve --name mnist', 'the production version of the registry; promotions take effect at once'],
    ['mnist serve --name mnist --canary 10', 'send 10 % of the requests to the candidate'],
    [
      'mnist serve latest --host 0.0.0.0',
      'reachable from other machines, with tokens ("mnist tokens create")',
    ],
  ],
  async run({ positionals, options, context }) {
    const result = await serve(positionals[0], options, { log: logDestination }, context);
    return {
      data: result,
      text: (style) => servedText(result, style),
    };
  },
});
