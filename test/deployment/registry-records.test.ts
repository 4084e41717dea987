import { createHash } from 'node:crypto';
import { chmod, cp, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { AliasEvent, AliasName } from '../../src/artifacts/alias.js';
import { AuditLog } from '../../src/artifacts/audit.js';
import { ModelRegistry } from '../../src/artifacts/model-registry.js';
import { isToolkitError } from '../../src/core/errors.js';
import { Random } from '../../src/core/random.js';
import { RegistryWriter } from '../../src/deployment/registry-writer.js';
import { verifyRegistry } from '../../src/stages/registry/registry.js';
import { failureOf, toolkitError } from '../support/errors.js';
import { temporaryFolder } from '../support/folders.js';
import { registerMadeUp } from '../support/registry.js';

const GATE = { force: false };
let intact: string;

beforeAll(async () => {
  intact = await mkdtemp(join(tmpdir(), 'mnist-train-test-'));
  const registry = new ModelRegistry(intact);
  const writer = new RegistryWriter(registry, 'tester');
  for (const version of [1, 2, 3]) {
    await registerMadeUp(registry, 'digits', { wrong: version });
    await writer.promote('digits', version, GATE);
  }
  await writer.rollback('digits');
  await registerMadeUp(registry, 'letters');
  await writer.promote('letters', 1, GATE);
});

afterAll(() => rm(intact, { recursive: true, force: true }));

/** A copy of a registry with three versions of one model and one of another, all recorded. */
async function copied(): Promise<ModelRegistry> {
  const folder = await temporaryFolder();
  await cp(intact, folder, { recursive: true });
  return new ModelRegistry(folder);
}

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

interface StoredLine {
  sequence: number;
  previous: string;
  action: string;
  subject: string;
  actor: string;
  details: Record<string, unknown>;
}

async function linesOf({ auditFile }: ModelRegistry): Promise<StoredLine[]> {
  const text = await readFile(auditFile, 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as StoredLine);
}

/** Writes a log whose chain is right, as a forger can. */
async function rewriteLog({ auditFile }: ModelRegistry, records: readonly StoredLine[]): Promise<void> {
  let previous = '0'.repeat(64);
  const lines = records.map((record, index) => {
    const line = JSON.stringify({ ...record, sequence: index + 1, previous });
    previous = sha256(line);
    return line;
  });
  await writeFile(auditFile, lines.map((line) => `${line}\n`).join(''));
}

async function editAlias(
  registry: ModelRegistry,
  alias: AliasName,
  edit: (events: AliasEvent[]) => AliasEvent[],
): Promise<void> {
  const path = registry.aliasFile('digits', alias);
  const stored = JSON.parse(await readFile(path, 'utf8')) as { events: AliasEvent[] };
  await writeFile(path, JSON.stringify({ ...stored, events: edit(stored.events) }));
}

async function overwrite(path: string, text: string | Uint8Array): Promise<void> {
  await chmod(path, 0o644);
  await writeFile(path, text);
}

/** Replaces a version's model, and its hash in the manifest. */
async function forge(registry: ModelRegistry, version: number): Promise<void> {
  const folder = registry.versionFolder('digits', version);
  const forged = 'weights of somebody else';
  await overwrite(join(folder, 'model.safetensors'), forged);
  const path = join(folder, 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8')) as { files: { path: string }[] };
  const files = manifest.files.map((file) =>
    file.path === 'model.safetensors' ? { ...file, bytes: forged.length, sha256: sha256(forged) } : file,
  );
  await overwrite(path, `${JSON.stringify({ ...manifest, files }, undefined, 2)}\n`);
}

/** What a registry looks like that earlier versions of this program made. */
async function makeOld(registry: ModelRegistry): Promise<void> {
  await rm(`${registry.auditFile}.head`);
  const records = await linesOf(registry);
  await rewriteLog(
    registry,
    records.map((record) => ({ ...record, details: { ...record.details, manifest: undefined } })),
  );
  for (const name of ['digits', 'letters'])
    for (const alias of ['candidate', 'production'] as const) {
      const path = registry.aliasFile(name, alias);
      const stored = JSON.parse(await readFile(path, 'utf8')) as { events: AliasEvent[] };
      const events = stored.events.map((one) => ({ ...one, log: undefined }));
      await writeFile(path, JSON.stringify({ ...stored, events }));
    }
}

const event = (version: number, action: AliasEvent['action'] = 'promote'): AliasEvent => ({
  ...{ action, version, at: new Date().toISOString(), actor: 'ghost' },
});

describe('a registry verifies', () => {
  it('as it was made, and says nothing of earlier versions', async () => {
    expect(await verifyRegistry(await copied())).toEqual({ versions: 4, unrecorded: [] });
  });

  it('when there is nothing in it', async () => {
    const registry = new ModelRegistry(await temporaryFolder());
    expect(await verifyRegistry(registry)).toEqual({ versions: 0, unrecorded: [] });
  });

  it('that an earlier version made, with the versions whose manifests were not logged', async () => {
    const registry = await copied();
    await makeOld(registry);
    expect((await verifyRegistry(registry)).unrecorded).toEqual([
      ...['digits/1', 'digits/2', 'digits/3', 'letters/1'],
    ]);
    await registerMadeUp(registry, 'digits');
    await new RegistryWriter(registry, 'tester').promote('digits', 4, GATE);
    expect((await verifyRegistry(registry)).unrecorded).toHaveLength(4);
    await forge(registry, 4);
    await toolkitError('MODEL_CORRUPT', verifyRegistry(registry));
  });

  it('with other lines in its log, and deploys to folders that look like versions', async () => {
    const registry = await copied();
    const log = new AuditLog(registry.auditFile);
    await log.append({ actor: 'a', action: 'token-create', subject: 'tokens.json', details: {} });
    await log.append({ actor: 'a', action: 'deploy', subject: 'digits/3', details: { target: 'onnx' } });
    await registerMadeUp(registry, 'digits');
    expect(await verifyRegistry(registry)).toMatchObject({ versions: 5 });
  });
});

type Damage = (registry: ModelRegistry) => Promise<unknown>;

describe('a registry does not verify', () => {
  it('that an earlier version made, with a model that is not the checkpoint that was deployed', async () => {
    const registry = await copied();
    const model = sha256(await readFile(join(registry.versionFolder('digits', 2), 'model.safetensors')));
    const records = await linesOf(registry);
    await rewriteLog(
      registry,
      records.map((line) => {
        const isSecond = line.subject === 'digits/2' && line.action === 'deploy';
        return isSecond ? { ...line, details: { ...line.details, checkpoint: model } } : line;
      }),
    );
    await makeOld(registry);
    await verifyRegistry(registry);
    await forge(registry, 2);
    expect((await toolkitError('MODEL_CORRUPT', verifyRegistry(registry))).message).toContain('checkpoint');
  });

  it.each<[string, Damage]>([
    ['with a version whose model and manifest were replaced', (registry) => forge(registry, 2)],
    [
      'with a promotion that is not in the log',
      (it) => editAlias(it, 'production', (all) => [...all, event(1)]),
    ],
    [
      'with a promotion of a version that never was',
      (it) => editAlias(it, 'production', (all) => [...all, event(9)]),
    ],
    [
      'with a candidate that is not in the log',
      (it) => editAlias(it, 'candidate', (all) => [...all, event(1, 'register')]),
    ],
    ['without the last promotion', (it) => editAlias(it, 'production', (all) => all.slice(0, -1))],
    ['without the first promotion', (it) => editAlias(it, 'production', (all) => all.slice(1))],
    [
      'with promotions in another order',
      (it) => editAlias(it, 'production', (all) => [all[1]!, all[0]!, ...all.slice(2)]),
    ],
    ['with a promotion twice', (it) => editAlias(it, 'production', (all) => [...all, all.at(-1)!])],
    [
      'with another actor',
      (it) => editAlias(it, 'production', (all) => all.map((one) => ({ ...one, actor: 'x' }))),
    ],
    [
      'with another time',
      (it) => editAlias(it, 'production', (all) => all.map((one) => ({ ...one, at: event(1).at }))),
    ],
    ['without an alias', (it) => rm(it.aliasFile('digits', 'production'))],
    ['with a log of which the last line was cut', async (it) => cutLog(it, -1)],
    ['with a log of which all but a line was cut', async (it) => cutLog(it, 1)],
    ['with an empty log', (it) => writeFile(it.auditFile, '')],
    ['without a log', (it) => rm(it.auditFile)],
    ['without log and head', async (it) => Promise.all([rm(it.auditFile), rm(`${it.auditFile}.head`)])],
    ['without the head', (it) => rm(`${it.auditFile}.head`)],
    [
      'with a log that was cut, and no head',
      async (it) => {
        await cutLog(it, -1);
        await rm(`${it.auditFile}.head`);
      },
    ],
    [
      'with a log that was rewritten',
      async (it) =>
        rewriteLog(
          it,
          (await linesOf(it)).map((line) => ({ ...line, actor: 'x' })),
        ),
    ],
    [
      'with a log without a line in the middle',
      async (it) => rewriteLog(it, (await linesOf(it)).toSpliced(3, 1)),
    ],
    [
      'with two lines swapped',
      async (it) => {
        const [a, b, ...rest] = await linesOf(it);
        await rewriteLog(it, [b!, a!, ...rest]);
      },
    ],
    [
      'with the folders of two versions swapped',
      (it) => swap(it.versionFolder('digits', 1), it.versionFolder('digits', 2)),
    ],
    ['without a version', (it) => rm(it.versionFolder('digits', 1), { recursive: true })],
    ['without a model', (it) => rm(join(it.folder, 'letters'), { recursive: true })],
    [
      'with a version that was copied by hand',
      (it) => cp(it.versionFolder('digits', 1), it.versionFolder('digits', 4), { recursive: true }),
    ],
    [
      'with a link in a version',
      (it) => symlink('/etc/passwd', join(it.versionFolder('digits', 1), 'decision.json')),
    ],
  ])('%s', async (_, damage) => {
    const registry = await copied();
    await damage(registry);
    const error = await failureOf(verifyRegistry(registry));
    expect(isToolkitError(error) && [3, 6].includes(error.exitCode)).toBe(true);
  });

  it.each<[string, Damage]>([
    ['emptied log', (it) => Promise.all([writeFile(it.auditFile, ''), rm(`${it.auditFile}.head`)])],
    ['cut log', (it) => cutLog(it, -1)],
    ['promotion taken back by hand', (it) => editAlias(it, 'production', (all) => all.slice(0, -1))],
  ])('and a writer does not cover up a %s', async (what, damage) => {
    const registry = await copied();
    // The last change is one of the model whose alias is edited.
    if (what.startsWith('promotion')) await new RegistryWriter(registry, 'tester').promote('digits', 1, GATE);
    await damage(registry);
    await failureOf(registerMadeUp(registry, 'digits'));
    await failureOf(verifyRegistry(registry));
    expect(await registry.versions('digits')).toEqual([1, 2, 3]);
  });
});

async function cutLog(registry: ModelRegistry, end: number): Promise<void> {
  const lines = (await readFile(registry.auditFile, 'utf8')).trimEnd().split('\n').slice(0, end);
  await writeFile(registry.auditFile, lines.map((line) => `${line}\n`).join(''));
}

async function swap(a: string, b: string): Promise<void> {
  await rename(a, `${a}.away`);
  await rename(b, a);
  await rename(`${a}.away`, b);
}

it('a forged version is neither resolved nor promoted', async () => {
  const registry = await copied();
  await forge(registry, 3);
  await toolkitError('MODEL_CORRUPT', registry.resolve('digits', 3));
  await toolkitError('MODEL_CORRUPT', new RegistryWriter(registry, 'tester').promote('digits', 3, GATE));
});

it('a change that was announced and not made is named in the log, and the registry goes on', async () => {
  const registry = await copied();
  const log = new AuditLog(registry.auditFile);
  await log.append({ actor: 'tester', action: 'promote', subject: 'digits/1', details: {} });
  await verifyRegistry(registry);
  await registerMadeUp(registry, 'digits');
  const actions = (await log.read()).slice(-3).map(({ action, subject }) => `${action} ${subject}`);
  expect(actions).toEqual(['promote digits/1', 'abort digits/1', 'deploy digits/4']);
  await verifyRegistry(registry);
});

it('no changed byte of a log, an alias, a head or a manifest verifies', { timeout: 120_000 }, async () => {
  const random = new Random(1, 'registry-mutations');
  const registry = await copied();
  const names = await readdir(registry.folder, { recursive: true });
  const paths = names
    .filter((name) => /(\.json|\.jsonl|\.head|\.safetensors)$/.test(name))
    .map((name) => join(registry.folder, name));
  expect(paths.length).toBeGreaterThan(12);
  for (let round = 0; round < 300; round++) {
    const path = paths[round % paths.length]!;
    const bytes = await readFile(path);
    const changed = Buffer.from(bytes);
    const at = random.integer(bytes.length);
    changed[at] = changed[at]! ^ (1 << random.integer(8));
    await overwrite(path, changed);
    const error = await verifyRegistry(registry).catch((thrown: unknown) => thrown);
    expect(isToolkitError(error) || isHarmless(path, at, bytes, error), `${path}, byte ${at}`).toBe(true);
    await overwrite(path, bytes);
  }
  await verifyRegistry(registry);
});

/** A head that lags one line behind is what a kill leaves, and white space between words means nothing. */
function isHarmless(path: string, at: number, bytes: Buffer, result: unknown): boolean {
  if (isToolkitError(result) || result instanceof Error) return false;
  if (path.endsWith('.head')) return true;
  return path.includes('aliases') && /\s/.test(String.fromCharCode(bytes[at]!));
}
