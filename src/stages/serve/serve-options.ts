import { isIP } from 'node:net';

import { z } from 'zod';

import { MODEL_NAME } from '../../artifacts/model-registry.js';
import { modelStageOptions } from '../../engine/backends/options.js';
import { policyOption, registryDirOption } from '../../core/config/common-options.js';

export const tokensFileOption = z
  .string()
  .min(1)
  .default('tokens.json')
  .meta({ description: 'file with the hashes of the access tokens', placeholder: 'FILE' });

/** An address or a range that a proxy may have, as Fastify takes them. */
function isProxyAddress(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true;
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

/** An origin as browsers write it. */
function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

const milliseconds = z.number().min(0).max(60_000);
const file = z.string().min(1).optional();

/** The options of `serve`, beside the checkpoint. */
export const serveFields = z.strictObject({
  host: z.string().min(1).max(253).default('127.0.0.1').meta({
    description: 'address to listen on; any other than localhost requires tokens',
    placeholder: 'ADDRESS',
  }),
  port: z.int().min(0).max(65_535).default(8080).meta({ description: 'port to listen on; 0: any free port' }),
  name: z.string().regex(MODEL_NAME).optional().meta({
    description: 'name of the model in the registry, if there are several; name to serve a checkpoint under',
    allowed: 'lowercase letters, digits, dots, dashes and underscores',
  }),
  maxBatch: z.int().min(1).max(1024).default(64).meta({ description: 'largest batch' }),
  batchDelay: milliseconds
    .default(0)
    .meta({ description: 'longest wait for a batch to fill, in milliseconds' }),
  maxQueue: z
    .int()
    .min(1)
    .max(100_000)
    .default(1024)
    .meta({ description: 'queue limit in images; beyond it, 503' }),
  deadline: z
    .number()
    .min(1)
    .max(600_000)
    .default(2000)
    .meta({ description: 'longest wait of a request in the queue, in milliseconds; then 504' }),
  canary: z
    .number()
    .min(0)
    .max(100)
    .default(0)
    .meta({ description: 'percentage of requests for the candidate version' }),
  shadow: z
    .boolean()
    .default(false)
    .meta({ description: 'also run the candidate on every request and compare its answers' }),
  reloadInterval: z
    .number()
    .min(0.05)
    .max(3600)
    .default(1)
    .meta({ description: 'seconds between two checks for a promoted version' }),
  tokensFile: tokensFileOption,
  requireTokens: z.boolean().default(false).meta({ description: 'require tokens on localhost too' }),
  tlsCert: file.meta({ description: 'TLS certificate (PEM)', placeholder: 'FILE' }),
  tlsKey: file.meta({ description: 'TLS private key (PEM)', placeholder: 'FILE' }),
  tlsClientCa: file.meta({
    description: 'mutual TLS: only clients with a certificate of this authority (PEM) can connect',
    placeholder: 'FILE',
    onlyWith: { options: ['tlsCert'] },
  }),
  bodyLimit: z.number().min(0.01).max(100).default(8).meta({ description: 'largest request body, in MiB' }),
  maxPixels: z
    .int()
    .min(1)
    .max(2 ** 27)
    .default(2 ** 24)
    .meta({ description: 'refuse images with more pixels' }),
  requestTimeout: z
    .number()
    .min(1)
    .max(600)
    .default(10)
    .meta({ description: 'time limit to receive a request, in seconds' }),
  rateLimit: z.number().min(1).max(1_000_000).optional().meta({
    description: 'requests per second, token and address; without it, unlimited on localhost, otherwise 100',
  }),
  trustProxy: z.array(z.string().refine(isProxyAddress)).max(64).default([]).meta({
    description: 'reverse proxies whose X-Forwarded-For, -Host and -Proto are trusted',
    allowed: 'IP addresses, CIDR ranges, loopback, linklocal and uniquelocal',
    placeholder: 'ADDRESS,…',
  }),
  allowOrigin: z.array(z.string().refine(isOrigin)).max(64).default([]).meta({
    description: 'origins whose pages may use the server (CORS)',
    allowed: 'origins such as https://app.example.com',
    placeholder: 'ORIGIN,…',
  }),
  basePath: z
    .string()
    .regex(/^(\/[\w.~-]+)*$/)
    .default('')
    .meta({
      description: 'path prefix that a reverse proxy leaves in place',
      allowed: 'paths such as /digits, without a slash at the end',
      placeholder: 'PATH',
    }),
  drainDelay: z
    .number()
    .min(0)
    .max(600)
    .default(0)
    .meta({ description: 'seconds to keep serving after SIGTERM, for load balancers' }),
  logLevel: z
    .enum(['silent', 'error', 'warn', 'info', 'debug'])
    .default('warn')
    .meta({ description: 'log level; JSON lines with request ids on stderr' }),
  window: z
    .int()
    .min(200)
    .max(100_000)
    .default(1000)
    .meta({ description: 'sliding window for drift and live accuracy, in images' }),
  drift: z.boolean().default(true).meta({ description: 'drift detection against the training data' }),
  examples: z.enum(['auto', 'on', 'off']).default('auto').meta({
    description:
      'test images on the page to try the model with; auto: of published data sets alone, on: of your own too',
  }),
  feedbackDir: file.meta({
    description: 'folder for images with labels sent as feedback; without it, none are stored',
    placeholder: 'FOLDER',
  }),
  maxFeedback: z
    .number()
    .min(0.01)
    .max(1_000_000)
    .default(256)
    .meta({
      description: 'largest size of the stored feedback, in MiB; beyond it, 507',
      placeholder: 'MIB',
      onlyWith: { options: ['feedbackDir'] },
    }),
  feedbackRate: z
    .number()
    .min(1)
    .max(100_000)
    .default(100)
    .meta({ description: 'labels per second and token (without tokens, address); beyond it, 429' }),
  minLiveAccuracy: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .meta({ description: 'alert if live accuracy is lower', placeholder: 'X' }),
  encrypted: file.meta({
    description: 'folder of "deploy --to encrypted": also classify encrypted images (Node.js 22 or later)',
    placeholder: 'FOLDER',
  }),
  encryptedKeys: z
    .int()
    .min(1)
    .max(32)
    .default(8)
    .meta({
      description: 'number of clients whose evaluation keys are kept in memory, about 70 MB each',
      onlyWith: { options: ['encrypted'] },
    }),
  policy: policyOption,
  registryDir: registryDirOption,
  ...modelStageOptions,
});

export type ServeOptions = z.output<typeof serveFields>;
