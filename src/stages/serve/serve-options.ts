import { z } from 'zod';

import { MODEL_NAME } from '../../artifacts/model-registry.js';
import { backendOptions } from '../../engine/backends/options.js';
import { checkpointsDirOption, dataDirOption, registryDirOption } from '../../core/config/common-options.js';

export const tokensFileOption = z
  .string()
  .min(1)
  .default('tokens.json')
  .meta({ description: 'where the hashes of access tokens are kept', placeholder: 'FILE' });

const milliseconds = z.number().min(0).max(60_000);
const file = z.string().min(1).optional();

/** The options of `serve`, beside the checkpoint. */
export const serveFields = z.strictObject({
  host: z.string().min(1).max(253).default('127.0.0.1').meta({
    description: 'address to listen on; others than this machine’s own need tokens',
    placeholder: 'ADDRESS',
  }),
  port: z.int().min(0).max(65_535).default(8080).meta({ description: 'port; 0 takes a free one' }),
  name: z.string().regex(MODEL_NAME).optional().meta({
    description: 'the model, by its name in the registry; else the only one',
    allowed: 'a name of small letters, digits, dots, dashes and underscores',
  }),
  maxBatch: z.int().min(1).max(1024).default(64).meta({ description: 'images computed at once, at most' }),
  batchDelay: milliseconds
    .default(0)
    .meta({ description: 'milliseconds that an image may wait for others, beside the batch under way' }),
  maxQueue: z
    .int()
    .min(1)
    .max(100_000)
    .default(1024)
    .meta({ description: 'images that may wait; more are answered with 503' }),
  deadline: z
    .number()
    .min(1)
    .max(600_000)
    .default(2000)
    .meta({ description: 'milliseconds until a request that still waits is answered with 504' }),
  canary: z
    .number()
    .min(0)
    .max(100)
    .default(0)
    .meta({ description: 'percentage of the requests that the candidate answers' }),
  shadow: z
    .boolean()
    .default(false)
    .meta({ description: 'let the candidate compute what production answers, and compare' }),
  reloadInterval: z
    .number()
    .min(0.05)
    .max(3600)
    .default(1)
    .meta({ description: 'seconds between two looks for a newly promoted version' }),
  tokensFile: tokensFileOption,
  requireTokens: z.boolean().default(false).meta({ description: 'ask for a token on this machine too' }),
  tlsCert: file.meta({ description: 'certificate (PEM), for HTTPS', placeholder: 'FILE' }),
  tlsKey: file.meta({ description: 'private key of the certificate (PEM)', placeholder: 'FILE' }),
  bodyLimit: z.number().min(0.01).max(100).default(8).meta({ description: 'largest body, in MiB' }),
  requestTimeout: z
    .number()
    .min(1)
    .max(600)
    .default(10)
    .meta({ description: 'seconds in which a request must have arrived' }),
  rateLimit: z.number().min(1).max(1_000_000).optional().meta({
    description: 'requests a second for each address; else none here and 100 where others can come',
  }),
  drainDelay: z
    .number()
    .min(0)
    .max(600)
    .default(0)
    .meta({ description: 'seconds to go on after SIGTERM, until load balancers have noticed' }),
  logLevel: z
    .enum(['silent', 'error', 'warn', 'info', 'debug'])
    .default('error')
    .meta({ description: 'what is logged on stderr, as JSON lines with request ids' }),
  window: z
    .int()
    .min(200)
    .max(100_000)
    .default(1000)
    .meta({ description: 'images over which drift and live accuracy are measured' }),
  drift: z.boolean().default(true).meta({ description: 'do not compare requests with the training data' }),
  feedbackDir: file.meta({
    description: 'where images with their labels are kept, if at all',
    placeholder: 'FOLDER',
  }),
  minLiveAccuracy: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .meta({ description: 'raise the alert if the live accuracy is lower', placeholder: 'X' }),
  registryDir: registryDirOption,
  dataDir: dataDirOption,
  checkpointsDir: checkpointsDirOption,
  ...backendOptions,
});

export type ServeOptions = z.output<typeof serveFields>;
