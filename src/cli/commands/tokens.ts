import { z } from 'zod';

import { registryDirOption } from '../../core/config/common-options.js';
import { MODEL_NAME } from '../../artifacts/model-registry.js';
import { ToolkitError } from '../../core/errors.js';
import { roles } from '../../serving/security/roles.js';
import { isExpired, mayReadWeights, readTokens } from '../../serving/security/token-file.js';
import { tokensFileOption } from '../../stages/serve/serve-options.js';
import { createAccessToken, revokeAccessToken } from '../../stages/tokens/tokens.js';
import type { Outcome } from '../terminal/reporter.js';
import { table } from '../terminal/table.js';
import { defineCommand, withCommonOptions, type Call } from '../command.js';

const actions = ['create', 'list', 'revoke'] as const;

const space = withCommonOptions(
  z.strictObject({
    role: z.enum(roles).default('infer').meta({ description: 'create: role of the new token' }),
    label: z
      .string()
      .max(100)
      .default('')
      .meta({ description: 'create: owner or purpose of the new token', placeholder: 'TEXT' }),
    days: z
      .number()
      .min(0.001)
      .max(36_500)
      .optional()
      .meta({ description: 'create: days until the token expires; without it, never' }),
    models: z.array(z.string().regex(MODEL_NAME)).max(100).default([]).meta({
      description: 'create: models that the new token may use; default: all',
      allowed: 'lowercase letters, digits, dots, dashes and underscores',
      placeholder: 'NAME,…',
    }),
    quota: z.int().min(1).max(1e12).optional().meta({
      description: 'create: POST requests that the new token may make per day (UTC); beyond that, 429',
      placeholder: 'REQUESTS',
    }),
    weights: z.boolean().default(false).meta({
      description: 'create: the new token may also read the weights of the model',
    }),
    tokensFile: tokensFileOption,
    registryDir: registryDirOption,
  }),
);

type TokensCall = Call<typeof space>;

export const tokensCommand = defineCommand({
  summary: 'create, list and revoke access tokens of the server',
  positionals: [
    { name: 'action', description: 'action to perform', required: true, choices: actions },
    { name: 'id', description: 'revoke: id of the token', required: false },
  ],
  space,
  actions: {
    create: {
      options: ['role', 'label', 'days', 'models', 'quota', 'weights', 'tokensFile', 'registryDir'],
      arguments: 1,
    },
    list: { options: ['tokensFile', 'registryDir'], arguments: 1 },
    revoke: { options: ['tokensFile', 'registryDir'], arguments: 1 },
  },
  examples: [
    ['mnist tokens create --role infer --label app', 'prints a new token once; only its hash is stored'],
    [
      'mnist tokens create --models mnist --quota 1000 --label partner',
      'for one model, 1,000 requests a day; --weights also lets it read the model',
    ],
    ['mnist tokens list', 'tokens with owner, role and expiry'],
    ['mnist tokens revoke 0123456789ab', 'a running server rejects it within a second'],
  ],
  run(call) {
    return { create, list, revoke }[call.positionals[0] as (typeof actions)[number]](call);
  },
});

async function create({ options, positionals }: TokensCall): Promise<Outcome> {
  refuseId(positionals, 'the id of a new token is random; name its owner or purpose with --label');
  const { label: name, role, days, models, quota, weights } = options;
  const choices = { name, role, days, models, quota, weights };
  const { token, stored } = await createAccessToken(options, choices);
  const { id, expiresAt } = stored;
  const rights = { models, quota: quota ?? null, weights };
  return { data: { token, id, role, name, expiresAt, ...rights }, text: () => token };
}

async function list({ options, positionals }: TokensCall): Promise<Outcome> {
  refuseId(positionals, '"mnist tokens list" lists all tokens');
  const tokens = (await readTokens(options.tokensFile)).map((token) => {
    const { id, name, role, createdAt, expiresAt, models = [], quota = null } = token;
    const hash = 'salt' in token ? 'scrypt' : 'sha256';
    const rights = { models, quota, weights: mayReadWeights(token) };
    return { id, name, role, createdAt, expiresAt, expired: isExpired(token), hash, ...rights };
  });
  const rows = tokens.map(({ id, name, role, createdAt, expiresAt, expired, models, quota, weights }) => [
    id,
    name,
    role,
    models.length === 0 ? 'all' : models.join(', '),
    quota === null ? 'any' : String(quota),
    weights ? 'yes' : 'no',
    createdAt,
    expired ? 'expired' : (expiresAt ?? 'until revoked'),
  ]);
  return {
    data: { tokens },
    text: () =>
      rows.length === 0
        ? `no tokens in ${options.tokensFile}`
        : table(['id', 'label', 'role', 'models', 'quota a day', 'weights', 'created', 'expires'], rows),
  };
}

async function revoke({ options, positionals, context }: TokensCall): Promise<Outcome> {
  const [, id] = positionals;
  if (id === undefined || !(await revokeAccessToken(options, id, context))) {
    throw new ToolkitError('USAGE', {
      message: id === undefined ? 'no token id given' : `no token ${id} in ${options.tokensFile}`,
      hint: '"mnist tokens list" shows the ids',
    });
  }
  return { data: { revoked: id }, text: () => `revoked ${id}` };
}

function refuseId([action, id]: readonly string[], hint: string): void {
  if (id === undefined) return;
  throw new ToolkitError('USAGE', { message: `"tokens ${action}" takes no id, but was given "${id}"`, hint });
}
