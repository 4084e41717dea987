import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { AuditLog, currentActor } from '../../../src/artifacts/audit.js';
import type { ToolkitEvent } from '../../../src/core/events.js';
import { readTokens } from '../../../src/serving/security/token-file.js';
import { createAccessToken, revokeAccessToken } from '../../../src/stages/tokens/tokens.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';

const choices = { name: 'root', role: 'administer', days: 30 } as const;

async function placesAndLog(): Promise<{
  places: { tokensFile: string; registryDir: string };
  audit: string;
  events: ToolkitEvent[];
  emit: (event: ToolkitEvent) => void;
}> {
  const folder = await temporaryFolder();
  const registryDir = join(folder, 'models');
  const events: ToolkitEvent[] = [];
  const places = { tokensFile: join(folder, 'tokens.json'), registryDir };
  return {
    places,
    audit: join(registryDir, 'audit.jsonl'),
    events,
    emit: (event) => void events.push(event),
  };
}

it('the audit log says who created and revoked which token, and does not hold it', async () => {
  const { places, audit, events, emit } = await placesAndLog();
  const { token, stored } = await createAccessToken(places, choices);
  expect(await revokeAccessToken(places, stored.id, { emit })).toBe(true);
  const records = await new AuditLog(audit).read();
  const actor = currentActor();
  const subject = `token ${stored.id}`;
  const details = { role: 'administer', name: 'root', tokensFile: places.tokensFile };
  expect(records).toMatchObject([
    { actor, action: 'tokens create', subject, details: { ...details, expiresAt: stored.expiresAt } },
    { actor, action: 'tokens revoke', subject, details },
  ]);
  await new AuditLog(audit).verify();
  const text = await readFile(audit, 'utf8');
  expect(text).not.toContain(token.split('_').slice(2).join('_'));
  expect(text).not.toContain((stored as { sha256: string }).sha256);
  expect(events).toEqual([]);
});

it('a token that is not there leaves no record', async () => {
  const { places, audit, emit } = await placesAndLog();
  const { stored } = await createAccessToken(places, choices);
  expect(await revokeAccessToken(places, '0123456789ab', { emit })).toBe(false);
  expect(await new AuditLog(audit).read()).toHaveLength(1);
  expect(await readTokens(places.tokensFile)).toEqual([stored]);
});

it('with a broken log no token is created, but one is revoked, with a warning', async () => {
  const { places, audit, events, emit } = await placesAndLog();
  const { stored } = await createAccessToken(places, choices);
  await writeFile(audit, 'nonsense\n');
  await toolkitError('AUDIT_BROKEN', createAccessToken(places, choices));
  expect(await readTokens(places.tokensFile)).toEqual([stored]);
  expect(await revokeAccessToken(places, stored.id, { emit })).toBe(true);
  expect(await readTokens(places.tokensFile)).toEqual([]);
  expect(events).toMatchObject([{ event: 'warning', code: 'AUDIT_BROKEN' }]);
});
