import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';

import { HttpError } from '../http-errors.js';
import type { ServedModels } from '../models.js';
import type { Caller } from '../security/authenticator.js';
import type { ClassificationService } from '../service.js';
import { ownerOf } from './callers.js';
import { jsonBody } from './json-body.js';

/** An administrator's action, for the audit log. */
export interface AdministrativeAct {
  action: 'reload' | 'traffic';
  /** The name of the model. */
  model: string;
  /** Whose request it was: "token ID" or, without tokens, "address A". */
  caller: string;
  address: string;
  requestId: string;
  details: Readonly<Record<string, unknown>>;
}

export type RecordAct = (act: AdministrativeAct) => Promise<void>;

const trafficSchema = z.strictObject({
  canary: z.number().min(0).max(100).optional(),
  shadow: z.boolean().optional(),
  /** Which model's; needed where several are served. */
  model: z.string().max(256).optional(),
});

interface ModelAddress {
  Params: { name: string };
}

/**
 * Registers the routes that change the service: the model repository extension's index and load, and the traffic split.
 *
 * @param record called before anything changes; if it throws, nothing changes
 */
export function registerAdministration(app: FastifyInstance, models: ServedModels, record: RecordAct): void {
  const config = { role: 'administer' } as const;
  const tags = ['Administration'];
  app.post(
    '/v2/repository/index',
    { config: { role: 'operate' }, schema: { tags, summary: 'Loaded versions' } },
    ({ caller }) =>
      models
        .allowedTo(caller!)
        .flatMap(({ name, versions }) =>
          [...versions.roles].map(([role, version]) => ({ name, version, state: 'READY', role })),
        ),
  );
  app.post<ModelAddress>(
    '/v2/repository/models/:name/load',
    { config, schema: { tags, summary: 'Reload from the registry' } },
    async (request) => {
      const { name, versions } = models.named(request.params.name);
      await record({ action: 'reload', model: name, ...senderOf(request), details: {} });
      await versions.refresh(true);
      return { name, versions: Object.fromEntries(versions.roles) };
    },
  );
  const body = z.toJSONSchema(trafficSchema);
  app.put(
    '/traffic',
    { config, schema: { tags, summary: 'Set the candidate’s share of the traffic', body } },
    async (request) => {
      const { model, ...change } = jsonBody(request, trafficSchema);
      const { name, versions } = modelOf(models, model, request.caller!);
      const { canary = versions.traffic.canary, shadow = versions.traffic.shadow } = change;
      await record({ action: 'traffic', model: name, ...senderOf(request), details: { canary, shadow } });
      versions.traffic = { canary, shadow };
      return versions.traffic;
    },
  );
}

/** The model that a caller names, or the only one. Throws FORBIDDEN, NOT_FOUND and BAD_REQUEST. */
function modelOf(models: ServedModels, name: string | undefined, caller: Caller): ClassificationService {
  if (name !== undefined) return models.namedFor(caller, name);
  if (models.names.length === 1) return models.first;
  const names = models.allowedTo(caller).map((service) => service.name);
  throw new HttpError('BAD_REQUEST', `name the model: ${names.join(', ')}`);
}

function senderOf(request: FastifyRequest): Pick<AdministrativeAct, 'caller' | 'address' | 'requestId'> {
  return { caller: ownerOf(request), address: request.ip, requestId: request.id };
}
