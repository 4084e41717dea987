import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { messageOf, ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { obtainNpmRuntime, specOf, type NpmRuntime } from '../../engine/npm-runtime/obtain.js';
import { SEAL_ENTRY, type Seal } from './seal.js';

/** Microsoft SEAL in WebAssembly; of its two builds, the one that refuses ciphertexts which need no key to be read. */
export const nodeSeal: NpmRuntime = {
  title: 'Microsoft SEAL',
  package: { name: 'node-seal', version: '7.0.0', mebibytes: 1 },
  folder: 'dist',
  files: new Map([
    [SEAL_ENTRY, '6278449b1f5110a170f435a4f00c4c39edf4eb432f7ada3c80819357f20a6d26'],
    ['seal_throws.js', '15344370faee621f82671521959d0511aea0e520b6befb0b959a625db7893e25'],
    ['seal_throws.wasm', 'b30d3776265a56373a2001d2cd48baa8d72ddd571e04ddfaefd4c231271170e4'],
  ]),
  missing: (reason, command, cause) =>
    new ToolkitError(
      'SEAL_UNAVAILABLE',
      { reason, hint: `run "${command}" where mnist-train is installed` },
      { cause },
    ),
};

/** The first version of Node.js whose WebAssembly has what node-seal needs. */
const LEAST_NODE = 22;

/** Whether this Node.js can run node-seal. */
export function canRunSeal(version: string = process.versions.node): boolean {
  return Number(version.split('.')[0]) >= LEAST_NODE;
}

/** The folder with the files of node-seal. Throws SEAL_UNAVAILABLE, STORAGE_FULL, STORAGE_DENIED, or the signal's reason. */
export function obtainSeal(
  context: StageContext,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const files = [...nodeSeal.files.keys()];
  return obtainNpmRuntime(nodeSeal, { files, environment }, context);
}

/** Loads Microsoft SEAL, which is fetched on first use. Throws what `obtainSeal` throws, and SEAL_UNAVAILABLE on Node.js 20. */
export async function loadSeal(context: StageContext, environment?: NodeJS.ProcessEnv): Promise<Seal> {
  requireSeal();
  return importSeal(await obtainSeal(context, environment));
}

/** Throws SEAL_UNAVAILABLE where this Node.js cannot run node-seal. */
export function requireSeal(version: string = process.versions.node): void {
  if (canRunSeal(version)) return;
  throw new ToolkitError('SEAL_UNAVAILABLE', {
    reason: `it needs Node.js ${LEAST_NODE} or later, and this is ${version}`,
    hint: `run this with Node.js ${LEAST_NODE} or later; everything else works with ${version}`,
  });
}

/** Loads Microsoft SEAL from a folder. Throws SEAL_UNAVAILABLE. */
export async function importSeal(folder: string): Promise<Seal> {
  try {
    const module = (await import(pathToFileURL(join(folder, SEAL_ENTRY)).href)) as {
      default: () => Promise<Seal>;
    };
    return await module.default();
  } catch (error) {
    const [reason = ''] = messageOf(error).split('\n');
    throw nodeSeal.missing(reason, `npm install ${specOf(nodeSeal)}`, error);
  }
}
