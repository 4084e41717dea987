import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it, onTestFinished, vi } from 'vitest';

import { Authenticator } from '../../../src/serving/security/authenticator.js';
import { TokenQuotas } from '../../../src/serving/security/quotas.js';
import { createToken, type TokenChoices } from '../../../src/serving/security/token-file.js';
import { temporaryFolder } from '../../support/folders.js';
import { unreadyServer } from '../../support/unready-server.js';

async function serverWith(choices: Partial<TokenChoices>, quotas?: TokenQuotas) {
  const file = join(await temporaryFolder(), 'tokens.json');
  const { token, stored } = await createToken(file, { name: '', role: 'infer', days: undefined, ...choices });
  const { url, stop } = await unreadyServer({ authenticator: new Authenticator(file), quotas });
  onTestFinished(async () => {
    await stop();
  });
  const statusOf = async (path: string, method = 'GET'): Promise<number> => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${url}${path}`, { method, headers });
    await response.text();
    return response.status;
  };
  return { statusOf, id: stored.id };
}

// The server has no model: 503 says that a request was let in.
it.each<[string, Partial<TokenChoices>, number, number]>([
  ['stored as before', {}, 503, 503],
  ['for this model and another', { models: ['other', 'mnist'] }, 503, 503],
  ['for another model', { models: ['other'] }, 403, 403],
  ['without the weights', { weights: false }, 503, 403],
  ['with the weights', { weights: true }, 503, 503],
  ['of an administrator', { role: 'administer', weights: false }, 503, 503],
])('a token %s: description %j, weights', async (_, choices, description, weights) => {
  const { statusOf } = await serverWith(choices);
  expect(await statusOf('/model/description')).toBe(description);
  for (const path of ['/model/parameters', '/model/onnx']) expect(await statusOf(path)).toBe(weights);
});

it('a quota is for a day, over restarts, and for what is posted', async () => {
  const path = join(await temporaryFolder(), 'tokens.json.usage');
  const quotas = new TokenQuotas(path);
  await quotas.load();
  const { statusOf, id } = await serverWith({ quota: 2 }, quotas);
  const statuses = [];
  for (let request = 0; request < 3; request++) {
    await statusOf('/model/description');
    statuses.push(await statusOf('/classify', 'POST'));
  }
  expect(statuses[2]).toBe(429);
  expect(statuses.slice(0, 2)).not.toContain(429);
  await quotas.save();
  const next = new TokenQuotas(path);
  await next.load();
  expect(next.take({ id, quota: 2 })).toBe(false);
  expect(next.take({ id, quota: 3 })).toBe(true);
  expect(next.take({ id: 'other', quota: undefined })).toBe(true);
});

it('servers with the same tokens add up what they count', async () => {
  const path = join(await temporaryFolder(), 'usage');
  const [first, second] = [new TokenQuotas(path), new TokenQuotas(path)];
  for (const quotas of [first, second]) await quotas.load();
  for (const quotas of [first, second, first]) quotas.take({ id: 'a', quota: 9 });
  for (const quotas of [first, second]) await quotas.save();
  expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ requests: { a: 3 } });
  const left = Array.from({ length: 9 }, () => second.take({ id: 'a', quota: 9 }));
  expect(left.filter(Boolean)).toHaveLength(6);
  await second.save();
  await writeFile(path, 'damaged');
  await first.load();
  expect(first.take({ id: 'a', quota: 1 })).toBe(true);
});

it('a new day begins at nothing', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-01-01T23:59:00Z') });
  onTestFinished(() => void vi.useRealTimers());
  const quotas = new TokenQuotas(join(await temporaryFolder(), 'usage'));
  await quotas.load();
  expect([1, 2].map(() => quotas.take({ id: 'a', quota: 1 }))).toEqual([true, false]);
  vi.setSystemTime(new Date('2026-01-02T00:00:01Z'));
  expect(quotas.take({ id: 'a', quota: 1 })).toBe(true);
});
