import { ModelRegistry } from '../../artifacts/model-registry.js';
import { ToolkitError } from '../../core/errors.js';
import { RegistryWriter } from '../../deployment/registry-writer.js';
import {
  chooseModel,
  listVersions,
  registryFields,
  registryHistory,
  verifyRegistry,
} from '../../stages/registry/registry.js';
import { historyText, promotionText, verifiedText, versionsText } from '../terminal/results/registry.js';
import type { Outcome } from '../terminal/reporter.js';
import { defineCommand, withCommonOptions, type Call } from '../command.js';

const actions = ['list', 'promote', 'rollback', 'history', 'verify'] as const;

const space = withCommonOptions(registryFields);

type RegistryCall = Call<typeof space>;

export const registryCommand = defineCommand({
  summary: 'list, promote, roll back and verify deployed models',
  positionals: [
    { name: 'action', description: 'action to perform', required: true, choices: actions },
    {
      name: 'name',
      description: 'model; may be omitted if there is only one; list, verify: only this one',
      required: false,
    },
    { name: 'version', description: 'version to promote; default: the candidate', required: false },
  ],
  space,
  actions: {
    list: { options: ['registryDir'], arguments: 1 },
    promote: { options: ['registryDir', 'minAccuracy', 'force'], arguments: 2 },
    rollback: { options: ['registryDir'], arguments: 1 },
    history: { options: ['registryDir'], arguments: 1 },
    verify: { options: ['registryDir'], arguments: 1 },
  },
  examples: [
    ['mnist registry list', 'all versions, and which one is in production'],
    ['mnist registry promote mnist', 'promote the candidate to production, unless it is worse'],
    ['mnist registry rollback mnist', 'return to the previous production version'],
    ['mnist registry verify', 'check files, aliases and the audit log against each other'],
  ],
  run(call) {
    const action = { list, promote, rollback, history, verify }[
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
  const promotion = await new RegistryWriter(registry).promote(name, version, options);
  return { data: promotion, text: (style) => promotionText(promotion, style) };
}

async function rollback({ options, positionals }: RegistryCall): Promise<Outcome> {
  const registry = new ModelRegistry(options.registryDir);
  const done = await new RegistryWriter(registry).rollback(await chooseModel(registry, positionals[1]));
  return {
    data: done,
    text: ({ bold }) =>
      `${done.name}: ${bold(`version ${done.version}`)} is back in production (before: version ${done.before})`,
  };
}

async function history({ options, positionals }: RegistryCall): Promise<Outcome> {
  const registry = new ModelRegistry(options.registryDir);
  const name = await chooseModel(registry, positionals[1]);
  const events = await registryHistory(registry, name);
  return { data: { name, events }, text: () => historyText(events) };
}

async function verify({ options, positionals }: RegistryCall): Promise<Outcome> {
  const registry = new ModelRegistry(options.registryDir);
  const verified = await verifyRegistry(registry, positionals[1]);
  return { data: verified, text: () => verifiedText(verified) };
}

function versionNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new ToolkitError('USAGE', {
    message: `"${text}" is not a version`,
    hint: 'give a version number; "mnist registry list" shows them',
  });
}
