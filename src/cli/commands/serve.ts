import { serve } from '../../stages/serve/serve.js';
import { serveFields } from '../../stages/serve/serve-options.js';
import { logDestination } from '../terminal/log.js';
import { defineCommand, withCommonOptions } from '../command.js';
import { servedText } from '../terminal/results/serve.js';

export const serveCommand = defineCommand({
  summary: 'serve models over HTTP (Open Inference Protocol)',
  positionals: [
    {
      name: 'model',
      description:
        'checkpoint file, run folder, run name or "latest"; NAME=RUN gives it a name, RUN+RUN is an ensemble, registry:NAME ' +
        'a model of the registry; without any, a model of the registry',
      required: false,
      variadic: true,
      kind: 'checkpoint',
    },
  ],
  space: withCommonOptions(serveFields),
  examples: [
    ['mnist serve latest', 'the latest run at http://127.0.0.1:8080, API documentation at /docs'],
    ['mnist serve small=run1 large=run2 both=run1+run2', 'two models and their ensemble in one server'],
    ['mnist serve --name mnist', 'the production version of the registry; promotions take effect at once'],
    ['mnist serve --name mnist --canary 10', 'send 10 % of the requests to the candidate'],
    [
      'mnist serve latest --host 0.0.0.0',
      'reachable from other machines, with tokens ("mnist tokens create")',
    ],
  ],
  async run({ positionals, options, context }) {
    const result = await serve(positionals, options, { log: logDestination }, context);
    return {
      data: result,
      text: (style) => servedText(result, style),
    };
  },
});
