import { chmod, cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it, onTestFinished, vi } from 'vitest';

import { AuditLog } from '../../../src/artifacts/audit.js';
import { ModelRegistry } from '../../../src/artifacts/model-registry.js';
import { encodePolicy, policyContent, newPolicy } from '../../../src/artifacts/policy/policy.js';
import { policyFile, readPolicies } from '../../../src/artifacts/policy/policy-chain.js';
import type { PrivateKey } from '../../../src/core/signing/keys.js';
import { applyPolicy } from '../../../src/deployment/policy/apply.js';
import { RegistryWriter } from '../../../src/deployment/registry-writer.js';
import { RegistrySource } from '../../../src/serving/source.js';
import { verifyRegistry } from '../../../src/stages/registry/registry.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';
import {
  newKey,
  newPeople,
  policyOf,
  underPolicy,
  type People,
  type PolicyChoices,
} from '../../support/policy.js';
import { registerMadeUp } from '../../support/registry.js';

const GATE = { force: false };

interface Place {
  registry: ModelRegistry;
  people: People;
  source: RegistrySource;
}

/** A registry with a policy and one signed version. */
async function place(choices: PolicyChoices = {}): Promise<Place> {
  const registry = new ModelRegistry(await temporaryFolder());
  const people = newPeople();
  await underPolicy(registry, people, choices);
  await registerMadeUp(registry, 'digits', { wrong: 2 }, people.publisher);
  return { registry, people, source: new RegistrySource(registry, 'digits') };
}

const as = (registry: ModelRegistry, key?: PrivateKey): RegistryWriter =>
  new RegistryWriter(registry, 'tester', key);

async function copied({ folder }: ModelRegistry): Promise<string> {
  const copy = await temporaryFolder();
  await cp(folder, copy, { recursive: true });
  return copy;
}

describe('under a policy', () => {
  it('versions are signed by a publisher, and promoted by an approver', async () => {
    const { registry, people, source } = await place();
    for (const key of [undefined, people.root, people.approvers[0], newKey()]) {
      const error = await toolkitError('POLICY_REFUSED', registerMadeUp(registry, 'digits', {}, key));
      expect(error.exitCode).toBe(6);
    }
    expect(await registry.versions('digits')).toEqual([1]);
    await source.admit('1', 'candidate');
    await toolkitError('POLICY_REFUSED', source.admit('1', 'production'));
    for (const key of [undefined, people.root, people.publisher, newKey()])
      await toolkitError('POLICY_REFUSED', as(registry, key).promote('digits', 1, GATE));
    expect(await registry.current('digits', 'production')).toBeUndefined();
    const promotion = await as(registry, people.approvers[0]).promote('digits', 1, GATE);
    expect(promotion.approvals).toEqual({ given: 1, needed: 1 });
    await source.admit('1', 'production');
    expect(await verifyRegistry(registry)).toMatchObject({ versions: 1, policy: 1 });
  });

  it('whoever published a version does not approve it', async () => {
    const registry = new ModelRegistry(await temporaryFolder());
    const people = newPeople(1);
    const both = { ...people, approvers: [...people.approvers, people.publisher] };
    await underPolicy(registry, both, { approvals: 1 });
    await registerMadeUp(registry, 'digits', {}, people.publisher);
    const { message } = await toolkitError(
      'POLICY_REFUSED',
      as(registry, people.publisher).promote('digits', 1, GATE),
    );
    expect(message).toContain('cannot approve it as well');
    await as(registry, people.approvers[0]).promote('digits', 1, GATE);
    await verifyRegistry(registry);
  });

  it('two approvals are needed where the policy says so, of two people', async () => {
    const { registry, people, source } = await place({ approvals: 2 });
    const [first, second] = people.approvers;
    for (let again = 0; again < 2; again++) {
      const { approvals } = await as(registry, first).promote('digits', 1, GATE);
      expect(approvals).toEqual({ given: 1, needed: 2 });
    }
    expect(await registry.current('digits', 'production')).toBeUndefined();
    // What others do meanwhile does not matter.
    await registerMadeUp(registry, 'letters', {}, people.publisher);
    const { approvals } = await as(registry, second).promote('digits', 1, GATE);
    expect(approvals).toEqual({ given: 2, needed: 2 });
    await source.admit('1', 'production');
    await verifyRegistry(registry);
  });

  it('a rollback is approved too, and an old approval does not serve again', async () => {
    const { registry, people } = await place({ approvals: 2 });
    const [first, second] = people.approvers;
    const both = async (act: (writer: RegistryWriter) => Promise<unknown>): Promise<void> => {
      for (const key of [first, second]) await act(as(registry, key));
    };
    await both((writer) => writer.promote('digits', 1, GATE));
    await registerMadeUp(registry, 'digits', { wrong: 1 }, people.publisher);
    await both((writer) => writer.promote('digits', 2, GATE));
    await toolkitError('POLICY_REFUSED', as(registry).rollback('digits'));
    expect(await as(registry, first).rollback('digits')).toMatchObject({
      approvals: { given: 1, needed: 2 },
    });
    expect(await registry.current('digits', 'production')).toBe(2);
    expect(await as(registry, second).rollback('digits')).toMatchObject({ version: 1 });
    await verifyRegistry(registry);
    // Version 2 was approved before: it has to be again.
    const { approvals } = await as(registry, first).promote('digits', 2, GATE);
    expect(approvals).toEqual({ given: 1, needed: 2 });
  });

  it('--force is signed', async () => {
    const { registry, people, source } = await place();
    const [first] = people.approvers;
    await as(registry, first).promote('digits', 1, GATE);
    await registerMadeUp(registry, 'digits', { wrong: 20 }, people.publisher);
    await toolkitError('PROMOTION_REFUSED', as(registry, first).promote('digits', 2, GATE));
    await toolkitError('POLICY_REFUSED', as(registry).promote('digits', 2, { force: true }));
    expect(await as(registry, first).promote('digits', 2, { force: true })).toMatchObject({ forced: true });
    await source.admit('2', 'production');
    const folder = join(registry.folder, 'digits', 'promotions');
    const texts = await Promise.all(
      (await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')),
    );
    const forced = texts.map((text) => {
      const { payload } = JSON.parse(text) as { payload: string };
      return (JSON.parse(Buffer.from(payload, 'base64').toString()) as { predicate: { forced: boolean } })
        .predicate.forced;
    });
    expect(forced.sort()).toEqual([false, true]);
  });

  it('what was there before is signed and approved once, and then served', async () => {
    const registry = new ModelRegistry(await temporaryFolder());
    const people = newPeople();
    await registerMadeUp(registry, 'digits', { wrong: 1 });
    await registerMadeUp(registry, 'digits');
    await as(registry).promote('digits', 1, GATE);
    await as(registry).promote('digits', 2, GATE);
    await underPolicy(registry, people);
    const source = new RegistrySource(registry, 'digits');
    await toolkitError('SIGNATURE_MISSING', source.admit('2', 'production'));
    await toolkitError('SIGNATURE_MISSING', verifyRegistry(registry));
    for (const version of [1, 2]) await as(registry, people.publisher).sign('digits', version);
    await toolkitError('POLICY_REFUSED', source.admit('2', 'production'));
    const writer = as(registry, people.approvers[0]);
    expect(await writer.promote('digits', 2, GATE)).toMatchObject({ version: 2, before: 2 });
    await source.admit('2', 'production');
    await verifyRegistry(registry);
    await toolkitError('USAGE', writer.promote('digits', 2, GATE));
    expect(await writer.rollback('digits')).toMatchObject({ version: 1 });
    await verifyRegistry(registry);
  });
});

describe('a server', () => {
  it('refuses an alias that was restored from an older copy, and one that was edited', async () => {
    const { registry, people, source } = await place();
    const [approver] = people.approvers;
    await as(registry, approver).promote('digits', 1, GATE);
    const file = registry.aliasFile('digits', 'production');
    const old = await readFile(file, 'utf8');
    await registerMadeUp(registry, 'digits', { wrong: 1 }, people.publisher);
    await as(registry, approver).promote('digits', 2, GATE);
    await source.admit('2', 'production');
    await writeFile(file, old);
    const { message } = await toolkitError('POLICY_REFUSED', source.admit('1', 'production'));
    expect(message).toContain('put version 2 in its place');
    await writeFile(file, old.replace('"version": 1,\n      "at"', '"version": 2,\n      "at"'));
    await toolkitError('POLICY_REFUSED', source.admit('2', 'production'));
  });

  it('refuses a version in the place of another, and one whose signature was removed', async () => {
    const { registry, people, source } = await place();
    await registerMadeUp(registry, 'digits', { wrong: 1 }, people.publisher);
    const [first, second] = [1, 2].map((version) => registry.versionFolder('digits', version));
    await rm(second!, { recursive: true });
    await cp(first!, second!, { recursive: true });
    await toolkitError('MODEL_CORRUPT', source.admit('2', 'candidate'));
    await rm(join(first!, 'model.sig'));
    await toolkitError('SIGNATURE_MISSING', source.admit('1', 'candidate'));
  });

  it('does not read a version again whose files were exchanged after it was admitted', async () => {
    const { registry, people, source } = await place();
    await registerMadeUp(registry, 'digits', { wrong: 1 }, people.publisher);
    await source.admit('1', 'candidate');
    const [first, second] = [1, 2].map((version) => registry.versionFolder('digits', version));
    await rm(first!, { recursive: true });
    await cp(second!, first!, { recursive: true });
    await rm(registry.auditFile);
    await rm(`${registry.auditFile}.head`);
    const { message } = await toolkitError('MODEL_CORRUPT', source.load('1'));
    expect(message).toContain('not those that the policy was asked about');
  });

  it('refuses a log that was restored with all the rest while it ran', async () => {
    const { registry, people, source } = await place();
    const [approver] = people.approvers;
    await as(registry, approver).promote('digits', 1, GATE);
    const copy = await copied(registry);
    await registerMadeUp(registry, 'digits', { wrong: 1 }, people.publisher);
    await as(registry, approver).promote('digits', 2, GATE);
    await source.admit('2', 'production');
    await rm(registry.folder, { recursive: true });
    await cp(copy, registry.folder, { recursive: true });
    await toolkitError('AUDIT_BROKEN', source.admit('1', 'production'));
  });

  it('that trusts a copy of the policy refuses a registry without it, with another or an older one', async () => {
    const { registry, people } = await place();
    const trusted = join(await temporaryFolder(), 'policy.json');
    await cp(policyFile(registry.folder, 1), trusted);
    await new RegistrySource(registry, 'digits', trusted).admit('1', 'candidate');
    const plain = new ModelRegistry(await temporaryFolder());
    await registerMadeUp(plain, 'digits');
    await new RegistrySource(plain, 'digits').admit('1', 'candidate');
    await toolkitError(
      'POLICY_INVALID',
      new RegistrySource(plain, 'digits', trusted).admit('1', 'candidate'),
    );
    const { registry: other } = await place();
    await toolkitError(
      'POLICY_INVALID',
      new RegistrySource(other, 'digits', trusted).admit('1', 'candidate'),
    );
    await writeFile(trusted, encodePolicy(policyOf(people, { version: 2 })));
    const older = await toolkitError(
      'POLICY_INVALID',
      new RegistrySource(registry, 'digits', trusted).admit('1', 'candidate'),
    );
    expect(older.message).toContain('older');
    await toolkitError(
      'POLICY_INVALID',
      new RegistrySource(registry, 'digits', `${trusted}.not`).admit('1', 'candidate'),
    );
  });
});

describe('a policy', () => {
  it('is renewed by its roots alone, one version after another', async () => {
    const { registry, people, source } = await place();
    const stranger = newPeople();
    const refused = [
      policyOf(people, { version: 1 }),
      policyOf(people, { version: 3 }),
      policyOf(stranger, { version: 2 }),
      policyOf(people, { version: 2, signers: [] }),
      policyOf(people, { version: 2, signers: [stranger.root] }),
    ];
    for (const policy of refused) await toolkitError('POLICY_INVALID', applyPolicy(registry, policy));
    await toolkitError('POLICY_EXPIRED', applyPolicy(registry, policyOf(people, { version: 2, days: -1 })));
    // Another root: both sign.
    const next = { ...people, root: newKey() };
    await toolkitError('POLICY_INVALID', applyPolicy(registry, policyOf(next, { version: 2 })));
    await underPolicy(registry, next, { version: 2, signers: [people.root, next.root] });
    expect(await readPolicies(registry.folder)).toHaveLength(2);
    await source.admit('1', 'candidate');
    await toolkitError('POLICY_INVALID', applyPolicy(registry, policyOf(people, { version: 3 })));
    await underPolicy(registry, next, { version: 3 });
    await verifyRegistry(registry);
  });

  it('that nobody has signed is not applied, and says who has to sign it', async () => {
    const registry = new ModelRegistry(await temporaryFolder());
    const draft = policyOf(newPeople(), { signers: [] });
    const { hint } = await toolkitError('POLICY_INVALID', applyPolicy(registry, draft, 'tester'));
    expect(hint).toContain(`mnist policy sign ${draft.path} --sign-key`);
  });

  it('that takes a key away takes away what it approved', async () => {
    const { registry, people, source } = await place();
    const [first, second] = people.approvers;
    await as(registry, first).promote('digits', 1, GATE);
    await underPolicy(registry, { ...people, approvers: [second!] }, { version: 2 });
    await toolkitError('POLICY_REFUSED', source.admit('1', 'production'));
    await as(registry, second).promote('digits', 1, GATE);
    await source.admit('1', 'production');
  });

  it('that has expired refuses everything new', async () => {
    const { registry, people, source } = await place({ days: 1 });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * 86_400_000 });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const failures = [
      () => source.admit('1', 'candidate'),
      () => registerMadeUp(registry, 'digits', {}, people.publisher),
      () => as(registry, people.approvers[0]).promote('digits', 1, GATE),
      () => verifyRegistry(registry),
    ];
    for (const failure of failures) expect((await toolkitError('POLICY_EXPIRED', failure)).exitCode).toBe(6);
    await underPolicy(registry, people, { version: 2 });
    await source.admit('1', 'candidate');
  });

  it('that is removed, cut back or edited is noticed', async () => {
    const { registry, people, source } = await place();
    await underPolicy(registry, people, { version: 2, approvals: 2 });
    const [one, two] = [1, 2].map((version) => policyFile(registry.folder, version));
    const text = await readFile(two!, 'utf8');
    const check = async (): Promise<void> => {
      for (const failure of [() => source.admit('1', 'candidate'), () => verifyRegistry(registry)])
        await toolkitError('POLICY_INVALID', failure);
      // A server that begins now has seen nothing before.
      await toolkitError('POLICY_INVALID', new RegistrySource(registry, 'digits').admit('1', 'candidate'));
    };
    for (const wrong of ['', '{}', text.replace('"sig": "', '"sig": "A'), await readFile(one!, 'utf8')]) {
      await chmod(two!, 0o644);
      await writeFile(two!, wrong);
      await check();
    }
    await writeFile(two!, encodePolicy(policyOf(people, { version: 2 })));
    await check();
    await rm(two!);
    await check();
    const head = `${registry.auditFile}.head`;
    const kept = await readFile(head);
    await rm(head);
    await toolkitError('POLICY_INVALID', new RegistrySource(registry, 'digits').admit('1', 'candidate'));
    await writeFile(head, kept);
    await rm(one!);
    await check();
    await rm(join(registry.folder, '_policy'), { recursive: true });
    await check();
    expect(text).toContain('payload');
  });

  it('that was announced, but not made, as its process was killed, is said not to be', async () => {
    const { registry, people, source } = await place();
    const log = new AuditLog(registry.auditFile);
    const details = { version: 2, policy: 'a'.repeat(64), expires: '' };
    await log.append({ actor: 'tester', action: 'policy', subject: 'policy 2', details });
    await source.admit('1', 'candidate');
    await as(registry, people.approvers[0]).promote('digits', 1, GATE);
    await verifyRegistry(registry);
    await underPolicy(registry, people, { version: 2 });
    await verifyRegistry(registry);
  });

  it('has roles that can be filled', () => {
    const { root, publisher, approvers, auditor } = newPeople();
    const role = (keys: PrivateKey[], threshold = 1) => ({
      keys: keys.map(({ publicKey }) => publicKey),
      threshold,
    });
    const good = {
      root: role([root]),
      publisher: role([publisher]),
      approver: role(approvers, 2),
      auditor: role([auditor]),
    };
    const make = (roles: Partial<typeof good>) => () =>
      newPolicy('p', policyContent(1, new Date(), { ...good, ...roles }));
    expect(make({})().keys.size).toBe(5);
    expect(make({ auditor: role([]) })).not.toThrow();
    expect(make({ approver: role(approvers, 3) })).toThrow(/2 keys, of which 3 must sign/);
    expect(make({ root: role([]) })).toThrow(/0 keys/);
    expect(make({ publisher: role(approvers, 2) })).toThrow(/must be 1/);
    expect(make({ approver: role([auditor]) })).toThrow(/Ed25519/);
    expect(make({ auditor: role([root]) })).toThrow(/Ed25519/);
  });
});

it('a registry without a policy refuses a key that would sign nothing', async () => {
  const registry = new ModelRegistry(await temporaryFolder());
  await registerMadeUp(registry, 'digits');
  await toolkitError('USAGE', as(registry, newKey()).promote('digits', 1, GATE));
  const promotion = await as(registry).promote('digits', 1, GATE);
  expect('approvals' in promotion).toBe(false);
});
