import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';

import { HttpError } from '../http-errors.js';
import type { ClassificationService } from '../service.js';
import { ownerOf } from './callers.js';
import { jsonBody } from './json-body.js';

/** An administrator's action, for the audit log. */
export interface AdministrativeAct {
  action: 'reload' | 'traffic';
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
});

interface ModelAddress {
  Params: { name: string };
}

/**
 * Registers the routes that change the service: the model repository extension's index and load, and the traffic split.
 *
 * @param record called before anything changes; if it throws, nothing changes
 */
export function registerAdministration(
  app: FastifyInstance,
  { versions }: ClassificationService,
  record: RecordAct,
): void {
  const config = { role: 'administer' } as const;
  const tags = ['Administration'];
  app.post(
    '/v2/repository/index',
    { config: { role: 'operate' }, schema: { tags, summary: 'Loaded versions' } },
    () =>
      [...versions.roles].map(([role, version]) => ({ name: versions.name, version, state: 'READY', role })),
  );
  app.post<ModelAddress>(
    '/v2/repository/models/:name/load',
    { config, schema: { tags, summary: 'Reload from the registry' } },
    async (request) => {
      if (request.params.name !== versions.name) throw new HttpError('NOT_FOUND');
      await record({ action: 'reload', ...senderOf(request), details: {} });
      await versions.refresh(true);
      return { name: versions.name, versions: Object.fromEntries(versions.roles) };
    },
  );
  const body = z.toJSONSchema(trafficSchema);
  app.put(
    '/traffic',
    { config, schema: { tags, summary: 'Set the candidate’s share of the traffic', body } },
    async (request) => {
      const change = jsonBody(request, trafficSchema);
      const { canary = versions.traffic.canary, shadow = versions.traffic.shadow } = change;
      await record({ action: 'traffic', ...senderOf(request), details: { canary, shadow } });
      versions.traffic = { canary, shadow };
      return versions.traffic;
    },
  );
}

function senderOf(request: FastifyRequest): Pick<AdministrativeAct, 'caller' | 'address' | 'requestId'> {
  return { caller: ownerOf(request), address: request.ip, requestId: request.id };
}
