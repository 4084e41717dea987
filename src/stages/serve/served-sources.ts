import { readCheckpointDescription } from '../../artifacts/checkpoint.js';
import { ModelRegistry } from '../../artifacts/model-registry.js';
import { resolveCheckpoint, RUN_NAME } from '../../artifacts/run.js';
import { ToolkitError } from '../../core/errors.js';
import { exists } from '../../core/files.js';
import { CheckpointSource, EnsembleSource, RegistrySource, type ModelSource } from '../../serving/source.js';
import { chooseModel } from '../registry/registry.js';
import type { ServeOptions } from './serve-options.js';

/** The sources of the models to serve; the first is the one of requests that name none. */
export type ServedSources = readonly [ModelSource, ...ModelSource[]];

const REGISTERED = 'registry:';

/**
 * Finds what is to be served. Throws USAGE for names that are no names or that several models have, for options that none of them takes,
 * and what finding a checkpoint or a model of the registry throws.
 *
 * @param words each `[NAME=]SOURCE`: a checkpoint, several joined by `+` as an ensemble, or `registry:NAME`; none serves the registry
 */
export async function findSources(words: readonly string[], options: ServeOptions): Promise<ServedSources> {
  const registry = new ModelRegistry(options.registryDir);
  const [first, ...others] = words;
  if (first === undefined) {
    const chosen = await chooseModel(registry, options.name);
    return [new RegistrySource(registry, chosen, options.policy)];
  }
  if (others.length > 0 && options.name !== undefined) {
    throw usage('--name is for one model', 'name each of several: mnist serve NAME=RUN NAME=RUN');
  }
  const sources: [ModelSource, ...ModelSource[]] = [await findSource(first, registry, options)];
  for (const word of others) sources.push(await findSource(word, registry, options));
  requireDistinct(sources);
  if (!sources.some((source) => source instanceof RegistrySource)) {
    refuseCandidate(options);
    refusePolicy(options);
  }
  return sources;
}

async function findSource(
  word: string,
  registry: ModelRegistry,
  { name, checkpointsDir, policy }: ServeOptions,
): Promise<ModelSource> {
  const { given = name, source } = await splitWord(word);
  if (source.startsWith(REGISTERED)) {
    const registered = source.slice(REGISTERED.length);
    return new RegistrySource(registry, registered, policy, given ?? registered);
  }
  const members = await membersOf(source);
  const paths: string[] = [];
  for (const member of members) paths.push(await resolveCheckpoint(member, checkpointsDir));
  if (paths.length > 1) return new EnsembleSource(given ?? 'ensemble', paths);
  return new CheckpointSource(given ?? (await nameOf(paths[0]!)), paths[0]!);
}

/** The name that a word gives to its model, if any. A file's name may contain the sign, too. */
async function splitWord(word: string): Promise<{ given?: string; source: string }> {
  const [, given, source] = /^([^=]*)=(.*)$/s.exec(word) ?? [];
  if (given === undefined || source === undefined || (await exists(word))) return { source: word };
  if (source === '') throw usage(`"${word}" names no checkpoint`, 'write NAME=RUN');
  if (RUN_NAME.test(given)) return { given, source };
  throw usage(
    `"${given}" cannot be the name of a model`,
    'use letters, digits, dots, dashes and underscores, and a letter or digit first',
  );
}

async function membersOf(source: string): Promise<string[]> {
  if (!source.includes('+') || (await exists(source))) return [source];
  const members = source.split('+');
  if (!members.includes('')) return members;
  throw usage(`"${source}" lacks a member of its ensemble`, 'write RUN+RUN');
}

/** The name of a checkpoint's run, as far as it can be part of an address. */
async function nameOf(path: string): Promise<string> {
  const { run } = await readCheckpointDescription(path);
  return RUN_NAME.test(run) ? run : 'model';
}

function requireDistinct(sources: readonly ModelSource[]): void {
  const names = sources.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw usage(`two models are called "${twice}"`, 'give each a name: mnist serve NAME=RUN NAME=RUN');
}

/** Checkpoints that are served by themselves have no candidate beside them. Throws USAGE. */
function refuseCandidate({ canary, shadow }: ServeOptions): void {
  const option = canary > 0 ? '--canary' : shadow ? '--shadow' : undefined;
  if (option === undefined) return;
  throw usage(
    `${option} needs a candidate, and a checkpoint has none`,
    `serve a model of the registry with --name NAME, or leave ${option} out`,
  );
}

/** Checkpoints that are served by themselves have no signature. Throws USAGE. */
function refusePolicy({ policy }: ServeOptions): void {
  if (policy === undefined) return;
  throw usage(
    '--policy is for models of the registry, and a checkpoint was named',
    'serve a model of the registry with --name NAME, or leave --policy out',
  );
}

function usage(message: string, hint: string): ToolkitError {
  return new ToolkitError('USAGE', { message, hint });
}
