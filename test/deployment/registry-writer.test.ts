import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { AuditLog } from '../../src/artifacts/audit.js';
import { ModelRegistry } from '../../src/artifacts/model-registry.js';
import { RegistryWriter } from '../../src/deployment/registry-writer.js';
import { listVersions, registryHistory, verifyRegistry } from '../../src/stages/registry/registry.js';
import { startProcess } from '../support/child-process.js';
import { toolkitError } from '../support/errors.js';
import { temporaryFolder } from '../support/folders.js';
import { registerMadeUp } from '../support/registry.js';

const GATE = { force: false };

async function newRegistry(): Promise<{ registry: ModelRegistry; writer: RegistryWriter }> {
  const registry = new ModelRegistry(await temporaryFolder());
  return { registry, writer: new RegistryWriter(registry, 'tester') };
}

describe('registering', () => {
  it('makes versions that are numbered, read-only and the candidate', async () => {
    const { registry } = await newRegistry();
    expect(await registerMadeUp(registry, 'digits')).toBe(1);
    expect(await registerMadeUp(registry, 'digits', { wrong: 1 })).toBe(2);
    expect(await registerMadeUp(registry, 'letters')).toBe(1);
    expect(await registry.names()).toEqual(['digits', 'letters']);
    expect(await registry.versions('digits')).toEqual([1, 2]);
    expect(await registry.aliasesOf('digits', 2)).toEqual(['candidate']);
    const { checkpoint, version } = await registry.resolve('digits', 'candidate');
    expect(version).toBe(2);
    expect(await readFile(checkpoint, 'utf8')).toBe('weights 1');
    expect((await stat(checkpoint)).mode & 0o222).toBe(0);
    expect(await readFile((await registry.resolve('digits', 1)).checkpoint, 'utf8')).toBe('weights 0');
  });

  it('from several places at once gives each version once', async () => {
    const { registry } = await newRegistry();
    const versions = await Promise.all(
      [1, 2, 3, 4].map((wrong) => registerMadeUp(registry, 'digits', { wrong })),
    );
    expect(versions.sort()).toEqual([1, 2, 3, 4]);
    expect(await verifyRegistry(registry)).toEqual({ versions: 4, unrecorded: [] });
  });
});

describe('resolving', () => {
  it('says what there is, when there is not what was asked for', async () => {
    const { registry } = await newRegistry();
    expect((await toolkitError('MODEL_MISSING', registry.resolve('digits', 1))).hint).toContain('no models');
    await registerMadeUp(registry, 'digits');
    expect((await toolkitError('MODEL_MISSING', registry.resolve('letters', 1))).hint).toContain('digits');
    expect((await toolkitError('MODEL_MISSING', registry.resolve('digits', 7))).hint).toContain('versions 1');
    await toolkitError('MODEL_MISSING', registry.resolve('digits', 'production'));
  });

  it.each(['../digits', '..', '/etc', 'digits/../digits', ''])(
    'never opens what "%s" would lead to',
    async (name) => {
      const { registry } = await newRegistry();
      await registerMadeUp(registry, 'digits');
      await toolkitError('MODEL_MISSING', registry.resolve(name, 1));
      await toolkitError('MODEL_MISSING', registry.resolve(name, 'candidate'));
    },
  );

  it.each([
    ['a changed checkpoint', (folder: string) => overwrite(join(folder, 'model.safetensors'), 'weights 9')],
    ['a missing file', (folder: string) => rm(join(folder, 'predictions.safetensors'))],
    ['a file too many', (folder: string) => writeFile(join(folder, 'more'), '')],
    ['a damaged manifest', (folder: string) => overwrite(join(folder, 'manifest.json'), '{')],
    ['a manifest that leads out', (folder: string) => leadOut(join(folder, 'manifest.json'))],
  ])('refuses %s', async (_, damage) => {
    const { registry } = await newRegistry();
    await registerMadeUp(registry, 'digits');
    await damage(registry.versionFolder('digits', 1));
    await toolkitError('MODEL_CORRUPT', registry.resolve('digits', 1));
    await toolkitError('MODEL_CORRUPT', verifyRegistry(registry));
  });

  it('refuses a damaged alias, and lists the versions all the same', async () => {
    const { registry } = await newRegistry();
    await registerMadeUp(registry, 'digits');
    await overwrite(join(registry.versionFolder('digits', 1), 'manifest.json'), 'nothing');
    expect(await listVersions(registry)).toMatchObject([
      { version: 1, problem: expect.stringContaining('manifest') as string },
    ]);
    await writeFile(registry.aliasFile('digits', 'candidate'), '{"version":1}');
    await toolkitError('MODEL_CORRUPT', registry.current('digits', 'candidate'));
  });
});

async function overwrite(path: string, text: string): Promise<void> {
  await chmod(path, 0o644);
  await writeFile(path, text);
}

async function leadOut(path: string): Promise<void> {
  const text = await readFile(path, 'utf8');
  await overwrite(path, text.replace('"model.safetensors"', '"../../../audit.jsonl"'));
}

describe('promoting', () => {
  it('switches production, and says what it was before', async () => {
    const { registry, writer } = await newRegistry();
    await registerMadeUp(registry, 'digits', { wrong: 8 });
    expect(await writer.promote('digits', undefined, GATE)).toMatchObject({ version: 1, before: null });
    await registerMadeUp(registry, 'digits', { wrong: 4 });
    const promotion = await writer.promote('digits', undefined, GATE);
    expect(promotion).toMatchObject({ version: 2, before: 1, forced: false });
    expect(promotion.comparison).toEqual({ onlyFirst: 4, onlySecond: 0, pValue: 0.125 });
    expect(await registry.current('digits', 'production')).toBe(2);
    await toolkitError('USAGE', writer.promote('digits', 2, GATE));
  });

  it('refuses what is significantly worse, by six images that only production gets right', async () => {
    const { registry, writer } = await newRegistry();
    await registerMadeUp(registry, 'digits');
    await writer.promote('digits', 1, GATE);
    // Two-sided, p is 0.0625 with five images and 0.03125 with six.
    await registerMadeUp(registry, 'digits', { wrong: 6 });
    const error = await toolkitError('PROMOTION_REFUSED', writer.promote('digits', 2, GATE));
    expect(error.exitCode).toBe(5);
    expect(error.message).toContain('p = 0.031');
    expect(await registry.current('digits', 'production')).toBe(1);
    await registerMadeUp(registry, 'digits', { wrong: 5 });
    expect(await writer.promote('digits', 3, GATE)).toMatchObject({ version: 3, before: 1 });
  });

  it('refuses what was measured on other images, and what is less accurate than asked', async () => {
    const { registry, writer } = await newRegistry();
    await registerMadeUp(registry, 'digits');
    await writer.promote('digits', 1, GATE);
    await registerMadeUp(registry, 'digits', { images: 100 });
    await toolkitError('PROMOTION_REFUSED', writer.promote('digits', 2, GATE));
    await registerMadeUp(registry, 'digits', { wrong: 2 });
    await toolkitError('QUALITY_GATE_NOT_MET', writer.promote('digits', 3, { ...GATE, minAccuracy: 0.991 }));
    expect(await writer.promote('digits', 3, { ...GATE, minAccuracy: 0.99 })).toMatchObject({ version: 3 });
  });

  it('can be forced, and the audit log keeps that', async () => {
    const { registry, writer } = await newRegistry();
    await registerMadeUp(registry, 'digits');
    await writer.promote('digits', 1, GATE);
    await registerMadeUp(registry, 'digits', { wrong: 50 });
    expect(await writer.promote('digits', 2, { force: true })).toMatchObject({ version: 2, forced: true });
    const records = await new AuditLog(registry.auditFile).read();
    expect(records.at(-1)).toMatchObject({
      actor: 'tester',
      action: 'promote',
      subject: 'digits/2',
      details: { before: 1, forced: true },
    });
  });

  it('never takes a corrupt version, not even by force', async () => {
    const { registry, writer } = await newRegistry();
    await registerMadeUp(registry, 'digits');
    await writer.promote('digits', 1, GATE);
    await registerMadeUp(registry, 'digits');
    await overwrite(join(registry.versionFolder('digits', 2), 'model.safetensors'), 'x');
    await toolkitError('MODEL_CORRUPT', writer.promote('digits', 2, { force: true }));
    expect(await registry.current('digits', 'production')).toBe(1);
  });
});

describe('rolling back', () => {
  it('goes back step by step, and no further than the first', async () => {
    const { registry, writer } = await newRegistry();
    for (const version of [1, 2, 3]) {
      await registerMadeUp(registry, 'digits');
      await writer.promote('digits', version, GATE);
    }
    expect(await writer.rollback('digits')).toEqual({ name: 'digits', version: 2, before: 3 });
    expect(await writer.rollback('digits')).toEqual({ name: 'digits', version: 1, before: 2 });
    await toolkitError('MODEL_MISSING', writer.rollback('digits'));
    await writer.promote('digits', 3, GATE);
    expect(await writer.rollback('digits')).toEqual({ name: 'digits', version: 1, before: 3 });
    const history = (await registryHistory(registry, 'digits')).filter(({ alias }) => alias === 'production');
    expect(history.map(({ action, version }) => `${action} ${version}`)).toEqual([
      ...['promote 1', 'promote 2', 'promote 3', 'rollback 2', 'rollback 1', 'promote 3', 'rollback 1'],
    ]);
  });

  it('says when there is no model and nothing in production', async () => {
    const { registry, writer } = await newRegistry();
    await toolkitError('MODEL_MISSING', writer.rollback('digits'));
    await registerMadeUp(registry, 'digits');
    await toolkitError('MODEL_MISSING', writer.rollback('digits'));
  });
});

it('a registry is consistent whenever a writer is killed', async () => {
  const { registry, writer } = await newRegistry();
  let work = 0;
  for (let round = 0; round < 8; round++) {
    const { child, printed, ended } = await startProcess('registry-child.ts', [registry.folder], process.env);
    await printed('started');
    await delay(20 + 53 * round);
    child.kill('SIGKILL');
    await ended;
    const { versions } = await verifyRegistry(registry);
    work = versions;
    for (const { problem } of await listVersions(registry)) expect(problem).toBeNull();
    // What stands in the registry stands in the log: each version was announced.
    const subjects = new Set(
      (await new AuditLog(registry.auditFile).read().catch(() => [])).map(({ subject }) => subject),
    );
    for (const version of await registry.versions('digits')) expect(subjects).toContain(`digits/${version}`);
    // The next one takes the dead one's lock over, and goes on.
    const next = await registerMadeUp(registry, 'digits');
    await writer.promote('digits', next, GATE);
    expect((await registry.resolve('digits', 'production')).version).toBe(next);
    await new AuditLog(registry.auditFile).verify();
  }
  expect(work).toBeGreaterThan(8);
});
