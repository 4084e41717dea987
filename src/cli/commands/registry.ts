import { currentActor } from '../../artifacts/audit.js';
import { ModelRegistry } from '../../artifacts/model-registry.js';
import { ToolkitError } from '../../core/errors.js';
import { readEcdsaKey } from '../../core/signing/keys.js';
import { RegistryWriter } from '../../deployment/registry-writer.js';
import {
  chooseModel,
  listVersions,
  registryFields,
  registryHistory,
  verifyRegistry,
} from '../../stages/registry/registry.js';
import {
  historyText,
  promotionText,
  rollbackText,
  verifiedText,
  versionsText,
} from '../terminal/results/registry.js';
import { signedText } from '../terminal/results/proof/signing.js';
import type { Outcome } from '../terminal/reporter.js';
import { defineCommand, withCommonOptions, type Call } from '../command.js';

const actions = ['list', 'promote', 'rollback', 'sign', 'history', 'verify'] as const;

const space = withCommonOptions(registryFields);

type RegistryCall = Call<typeof space>;

export const registryCommand = defineCommand({
  summary: 'list, promote, roll back, sign and verify deployed models',
  positionals: [
    { name: 'action', description: 'action to perform', required: true, choices: actions },
    {
      name: 'name',
      description: 'model; may be omitted if there is only one; list, verify: only this one',
      required: false,
    },
    { name: 'version', description: 'version to promote or sign; default: the candidate', required: false },
  ],
  space,
  actions: {
    list: { options: ['registryDir'], arguments: 1 },
    promote: { options: ['registryDir', 'minAccuracy', 'force', 'signKey', 'policy'], arguments: 2 },
    rollback: { options: ['registryDir', 'signKey', 'policy'], arguments: 1 },
    sign: { options: ['registryDir', 'signKey', 'policy'], arguments: 2 },
    history: { options: ['registryDir'], arguments: 1 },
    verify: { options: ['registryDir', 'policy'], arguments: 1 },
  },
  examples: [
    ['mnist registry list', 'all versions, and which one is in production'],
    ['mnist registry promote mnist', 'promote the candidate to production, unless it is worse'],
    ['mnist registry rollback mnist', 'return to the previous production version'],
    [
      'mnist registry promote mnist 3 --sign-key approver.pem',
      'approve version 3 under the registry’s policy; the last approval needed promotes it',
    ],
    ['mnist registry verify', 'check files, aliases and the audit log against each other'],
  ],
  run(call) {
    const action = { list, promote, rollback, sign, history, verify }[
      call.positionals[0] as (typeof actions)[number]
    ];
    return action(call);
  },
});

async function list({ options, positionals }: RegistryCall): Promise<Outcome> {
  const versions = await listVersions(new ModelRegistry(options.registryDir), positionals[1]);
  return { data: { versions }, text: () => versionsText(versions, options.registryDir) };
}

async function promote({ options, positionals }: RegistryCall): Promise<Outcome> {
  const registry = new ModelRegistry(options.registryDir);
  const name = await chooseModel(registry, positionals[1]);
  const version = positionals[2] === undefined ? undefined : versionNumber(positionals[2]);
  const writer = await writerFor(registry, options);
  const promotion = await writer.promote(name, version, options);
  return { data: promotion, text: (style) => promotionText(promotion, style) };
}

async function rollback({ options, positionals }: RegistryCall): Promise<Outcome> {
  const registry = new ModelRegistry(options.registryDir);
  const writer = await writerFor(registry, options);
  const done = await writer.rollback(await chooseModel(registry, positionals[1]));
  return { data: done, text: (style) => rollbackText(done, style) };
}

async function sign({ options, positionals }: RegistryCall): Promise<Outcome> {
  const registry = new ModelRegistry(options.registryDir);
  const name = await chooseModel(registry, positionals[1]);
  const version = positionals[2] === undefined ? undefined : versionNumber(positionals[2]);
  const chosen = version ?? (await registry.current(name, 'candidate'));
  if (chosen === undefined) throw await registry.missing(name, 'candidate');
  const writer = await writerFor(registry, options);
  const signed = await writer.sign(name, chosen);
  const folder = registry.versionFolder(name, chosen);
  return { data: { version: chosen, folder, ...signed }, text: () => signedText(folder, signed) };
}

async function writerFor(
  registry: ModelRegistry,
  { signKey, policy }: RegistryCall['options'],
): Promise<RegistryWriter> {
  const key = signKey === undefined ? undefined : await readEcdsaKey(signKey);
  return new RegistryWriter(registry, currentActor(), key, policy);
}

async function history({ options, positionals }: RegistryCall): Promise<Outcome> {
  const registry = new ModelRegistry(options.registryDir);
  const name = await chooseModel(registry, positionals[1]);
  const events = await registryHistory(registry, name);
  return { data: { name, events }, text: () => historyText(events) };
}

async function verify({ options, positionals }: RegistryCall): Promise<Outcome> {
  const registry = new ModelRegistry(options.registryDir);
  const verified = await verifyRegistry(registry, positionals[1], options.policy);
  return { data: verified, text: () => verifiedText(verified) };
}

function versionNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new ToolkitError('USAGE', {
    message: `"${text}" is not a version`,
    hint: 'give a version number; "mnist registry list" shows them',
  });
}
