import { z } from 'zod';

import { serve } from '../../stages/serve/serve.js';
import { serveFields } from '../../stages/serve/serve-options.js';
import { logDestination } from '../terminal/log.js';
import { servedText } from '../terminal/results/serve.js';
import { commonFields, defineCommand } from '../command.js';

export const serveCommand = defineCommand({
  summary: 'answer over HTTP, in real time (Open Inference Protocol)',
  positionals: [
    {
      name: 'checkpoint',
      description: 'a checkpoint file, a run’s folder or name, or "latest"; else a model of the registry',
      required: false,
    },
  ],
  space: { fields: z.strictObject({ ...commonFields.shape, ...serveFields.shape }), choices: {} },
  examples: [
    ['mnist serve latest', 'the latest run at http://127.0.0.1:8080, with the documentation at /docs'],
    ['mnist serve --name mnist', 'what is in production in the registry; a promotion takes effect at once'],
    ['mnist serve --name mnist --canary 10', 'every tenth request is answered by the candidate'],
    ['mnist serve latest --host 0.0.0.0', 'for other machines; they need a token ("mnist tokens create")'],
  ],
  async run({ positionals, options, context }) {
    const result = await serve(positionals[0], options, { log: logDestination }, context);
    return {
      data: result,
      text: (style) => servedText(result, style),
    };
  },
});
