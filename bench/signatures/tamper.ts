import { chmod, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ModelRegistry } from '../../src/artifacts/model-registry.js';
import { policyFile } from '../../src/artifacts/policy/policy-chain.js';
import { isToolkitError } from '../../src/core/errors.js';
import { AuditLog } from '../../src/artifacts/audit.js';
import { writeSecretAtomically, writeFileAtomically } from '../../src/core/files.js';
import { publicPem, type PrivateKey } from '../../src/core/signing/keys.js';
import { RegistryWriter } from '../../src/deployment/registry-writer.js';
import { takeCheckpoint } from '../../src/stages/audit/checkpoint.js';
import { verifyKept } from '../../src/stages/audit/kept-checkpoints.js';
import { verifyRegistry } from '../../src/stages/registry/registry.js';
import { newPeople, underPolicy } from '../../test/support/policy.js';
import { registerMadeUp } from '../../test/support/registry.js';

/** What is changed, and how. */
export interface Mutation {
  file: string;
  kind: 'cut' | 'edit' | 'reorder' | 'rollback' | 'restore';
  /** The files that are written: one, but for `restore`, which puts an older copy of the whole registry in place. */
  writes: ReadonlyMap<string, Buffer>;
}

/** A registry to be changed. */
export interface Victim {
  registry: ModelRegistry;
  /** The present bytes of the files. */
  now: ReadonlyMap<string, Buffer>;
  /** Older bytes of each file, of after each change of the registry. */
  before: readonly ReadonlyMap<string, Buffer>[];
  /** Fails where something is noticed. */
  check: () => Promise<void>;
  remove: () => Promise<void>;
}

/** Makes a registry with three versions, promotions and a rollback, a checkpoint elsewhere and, if asked for, a policy. */
export async function makeVictim(hasPolicy: boolean): Promise<Victim> {
  const place = await mkdtemp(join(tmpdir(), 'mnist-tamper-'));
  const registry = new ModelRegistry(join(place, 'models'));
  const people = newPeople();
  const [approver] = people.approvers;
  const before: ReadonlyMap<string, Buffer>[] = [];
  if (hasPolicy) await underPolicy(registry, people);
  const writer = new RegistryWriter(registry, 'tester', hasPolicy ? approver : undefined);
  for (const wrong of [5, 4, 3]) {
    await registerMadeUp(registry, 'digits', { wrong }, hasPolicy ? people.publisher : undefined);
    before.push(await filesOf(registry));
    await writer.promote('digits', undefined, { force: false });
    before.push(await filesOf(registry));
  }
  await writer.rollback('digits');
  const now = await filesOf(registry);
  const keep = await kept(place, registry, people.auditor);
  const trusted = hasPolicy ? join(place, 'policy.json') : undefined;
  if (trusted !== undefined) await cp(policyFile(registry.folder, 1), trusted);
  const check = async (): Promise<void> => {
    await verifyRegistry(registry, undefined, trusted);
    await new AuditLog(registry.auditFile).verify();
    await verifyKept(keep);
  };
  await check();
  return { registry, now, before, check, remove: () => rm(place, { recursive: true }) };
}

/** Signs the head of the log, and keeps it elsewhere. */
async function kept(
  place: string,
  { folder: registryDir }: ModelRegistry,
  { key, publicKey }: PrivateKey,
): Promise<Parameters<typeof verifyKept>[0]> {
  const [signKey, verifyKey, witness] = ['auditor.pem', 'auditor.pub', 'witness'].map((name) =>
    join(place, name),
  ) as [string, string, string];
  await writeSecretAtomically(signKey, key.export({ type: 'pkcs8', format: 'pem' }));
  await writeFileAtomically(verifyKey, publicPem(publicKey));
  const more = { witnessKey: [], origin: undefined, from: undefined };
  const options = { signKey, verifyKey: [verifyKey], witness: [witness], registryDir, ...more };
  await takeCheckpoint(options);
  return options;
}

/** Log, aliases, manifests and models of a registry. */
async function filesOf(registry: ModelRegistry): Promise<Map<string, Buffer>> {
  const versions = await registry.versions('digits');
  const paths = [
    registry.auditFile,
    `${registry.auditFile}.head`,
    registry.aliasFile('digits', 'candidate'),
    registry.aliasFile('digits', 'production'),
    ...versions.flatMap((version) =>
      ['manifest.json', 'model.safetensors'].map((name) =>
        join(registry.versionFolder('digits', version), name),
      ),
    ),
  ];
  const found = new Map<string, Buffer>();
  for (const path of paths) {
    const bytes = await readFile(path).catch(() => undefined);
    if (bytes) found.set(path, bytes);
  }
  return found;
}

/** A mutation by chance; undefined where it would change nothing, or only what a process that was killed may leave. */
export function mutationOf({ now, before, registry }: Victim, random: () => number): Mutation | undefined {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!;
  const kind = pick(['cut', 'edit', 'reorder', 'rollback', 'restore'] as const);
  const file = pick([...now.keys()]);
  const bytes = now.get(file)!;
  if (kind === 'restore') {
    const old = new Map([...pick(before)].filter(([path]) => !path.includes('versions')));
    return { file: registry.folder, kind, writes: old };
  }
  const changed =
    kind === 'rollback' ? olderOf(file, now, before, pick) : changedLines(kind, bytes, random, pick);
  if (!changed || changed.equals(bytes) || isBookkeeping(file, bytes, changed)) return undefined;
  return { file, kind, writes: new Map([[file, changed]]) };
}

/** What a file held before; of a version's files, which never change, those of another version. */
function olderOf(
  file: string,
  now: ReadonlyMap<string, Buffer>,
  before: readonly ReadonlyMap<string, Buffer>[],
  pick: <Item>(items: readonly Item[]) => Item,
): Buffer | undefined {
  const name = /versions\/\d+\/(.+)$/.exec(file)?.[1];
  if (name === undefined) return pick(before).get(file);
  return now.get(pick([...now.keys()].filter((path) => path.endsWith(name))));
}

function changedLines(
  kind: 'cut' | 'edit' | 'reorder',
  bytes: Buffer,
  random: () => number,
  pick: <Item>(items: readonly Item[]) => Item,
): Buffer {
  // One byte a character, so that files that are no text can be cut into lines too.
  const lines = bytes.toString('latin1').split(/(?<=\n)/);
  const at = Math.floor(random() * lines.length);
  const line = lines[at]!;
  if (kind === 'cut') lines.splice(at, 1);
  if (kind === 'reorder') {
    const other = Math.floor(random() * lines.length);
    [lines[at], lines[other]] = [lines[other]!, line];
  }
  if (kind === 'edit') {
    const place = Math.floor(random() * line.length);
    const character = pick('0123456789abcdefABCDEF {}[]",:\n\0'.split(''));
    const length = pick([0, 1]);
    lines[at] = line.slice(0, place) + pick([character, '']) + line.slice(place + length);
  }
  return Buffer.from(lines.join(''), 'latin1');
}

/** Whether only the number of the last change that was made differs, which a process that was killed leaves behind. */
function isBookkeeping(file: string, first: Buffer, second: Buffer): boolean {
  const without = (bytes: Buffer): string => bytes.toString('latin1').replace(/"settled":\d+/, '');
  return file.endsWith('.head') && without(first) === without(second);
}

/** Makes a mutation, returns how it was noticed, and puts everything back; undefined where it was not. */
export async function noticed({ now, check }: Victim, { writes }: Mutation): Promise<string | undefined> {
  for (const [path, bytes] of writes) await overwrite(path, bytes);
  try {
    await check();
    return undefined;
  } catch (error) {
    if (!isToolkitError(error)) throw error;
    return error.code;
  } finally {
    for (const path of writes.keys()) await overwrite(path, now.get(path)!);
  }
}

async function overwrite(path: string, bytes: Buffer): Promise<void> {
  await chmod(path, 0o644);
  await writeFile(path, bytes);
}
