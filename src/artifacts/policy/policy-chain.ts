import { join } from 'node:path';

import { ToolkitError } from '../../core/errors.js';
import { namesIfThere, readTextWithin } from '../../core/files.js';
import type { AuditLine } from '../audit.js';
import { ABORT } from '../log/acts.js';
import { decodePolicy, policyError, requireRoots, type Policy } from './policy.js';

/** The versions of a registry's policy, the first one first. */
export type PolicyChain = readonly Policy[];

/** The action of a line of the log that announces a policy. */
export const POLICY_ACTION = 'policy';

/** No model can have this name. */
const FOLDER = '_policy';
const MAX_BYTES = 2 ** 20;

/** The file of a version of a registry's policy. */
export function policyFile(registryFolder: string, version: number): string {
  return join(registryFolder, FOLDER, `${version}.json`);
}

/** Reads a policy's file. Throws POLICY_INVALID or DATA_UNREADABLE. */
export async function readPolicy(path: string): Promise<Policy> {
  const text = await readTextWithin(path, MAX_BYTES);
  if (text === undefined) throw policyError(path, 'there is no such file');
  return decodePolicy(path, text);
}

/**
 * Reads a registry's policies; empty where it has none. The first is signed by its own roots, and each other by enough roots of the one
 * before and its own, as TUF's root metadata is. Throws POLICY_INVALID or DATA_UNREADABLE.
 *
 * @param trusted a copy of a version, kept elsewhere: the registry must have the same one
 */
export async function readPolicies(registryFolder: string, trusted?: string): Promise<PolicyChain> {
  const count = await countOf(join(registryFolder, FOLDER));
  const chain: Policy[] = [];
  for (let version = 1; version <= count; version++) {
    const policy = await readPolicy(policyFile(registryFolder, version));
    requireNext(chain.at(-1), policy);
    chain.push(policy);
  }
  if (trusted !== undefined) requireTrusted(registryFolder, chain, await readPolicy(trusted));
  return chain;
}

/**
 * Requires that a policy may follow another one, or be the first. Throws POLICY_INVALID.
 *
 * @param hint what to do where roots have not signed it
 */
export function requireNext(before: Policy | undefined, policy: Policy, hint?: string): void {
  const expected = (before?.content.version ?? 0) + 1;
  const { version } = policy.content;
  if (version !== expected)
    throw policyError(policy.path, `it is version ${version}, where version ${expected} must follow`);
  if (before) requireRoots(before, policy, hint);
  requireRoots(policy, policy, hint);
}

async function countOf(folder: string): Promise<number> {
  const names = (await namesIfThere(folder))?.filter((name) => !name.startsWith('.'));
  if (!names) return 0;
  for (let version = 1; version <= names.length; version++) {
    if (!names.includes(`${version}.json`))
      throw policyError(folder, `version ${version} is missing beside ${names.join(', ')}`);
  }
  // An empty folder would pass for a registry without a policy.
  if (names.length === 0) throw policyError(folder, 'it has no policy any more');
  return names.length;
}

function requireTrusted(registryFolder: string, chain: PolicyChain, trusted: Policy): void {
  const { version } = trusted.content;
  if (chain.length === 0)
    throw policyError(registryFolder, `it has no policy, but should have version ${version}`);
  const found = chain[version - 1];
  if (!found)
    throw policyError(
      registryFolder,
      `its policy is version ${chain.length}, older than version ${version} of ${trusted.path}`,
    );
  if (found.digest !== trusted.digest) throw policyError(found.path, `it is not that of ${trusted.path}`);
}

/** A policy that the log announces. */
export interface LoggedPolicy {
  digest: unknown;
  sequence: number;
}

/** The policies that a log announces, by version, without those that were never made. */
export function loggedPolicies(lines: readonly AuditLine[]): Map<number, LoggedPolicy> {
  const logged = new Map<number, LoggedPolicy>();
  for (const { record } of lines) {
    const { action, details, sequence } = record;
    if (action === POLICY_ACTION)
      logged.set(Number(details['version']), { digest: details['policy'], sequence });
    if (action !== ABORT) continue;
    for (const [version, { sequence: line }] of logged) if (line === details['line']) logged.delete(version);
  }
  return logged;
}

/**
 * Holds a registry's policies against its log, which names each: none may be missing, added or exchanged. Throws POLICY_INVALID.
 *
 * @param settled the number of the last line of the log whose change was made
 */
export function requireLogged(
  registryFolder: string,
  chain: PolicyChain,
  lines: readonly AuditLine[],
  settled: number,
): void {
  const logged = loggedPolicies(lines);
  for (const { path, digest, content } of chain) {
    if (logged.get(content.version)?.digest !== digest)
      throw policyError(path, 'the audit log does not have it');
  }
  for (const [version, { sequence }] of logged) {
    // One that was announced, but not made: its process was killed.
    const isPending = version === chain.length + 1 && sequence > settled;
    if (version > chain.length && !isPending)
      throw new ToolkitError('POLICY_INVALID', {
        path: policyFile(registryFolder, version),
        reason: `line ${sequence} of the audit log says that it was there: it was removed`,
      });
  }
}
