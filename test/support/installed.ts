import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { sharedFolder } from './shared.js';

export const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));

// Vitest was started by npm, whose variables would lead a nested one astray.
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));

/** Runs npm in a folder, and returns what it printed on stdout and stderr. Throws where it fails. */
export async function npm(words: readonly string[], cwd: string): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)('npm', [...words, '--no-audit', '--no-fund'], {
    cwd,
    env: environment,
  });
  return stdout + stderr;
}

/** Packs our package, once for the whole run, and returns the archive's path. */
export async function packedPackage(): Promise<string> {
  const folder = await sharedFolder('packed', async (place) => {
    await npm(['pack', '--silent', '--ignore-scripts', '--pack-destination', place], CHECKOUT);
  });
  const [archive] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
  return join(folder, archive!);
}

/** A Node.js of this major version. */
export async function nodeOf(major: string): Promise<string> {
  return join(await installed(`node@${major}`), 'node', 'bin', 'node');
}

/** TypeScript's compiler of this version; that of the checkout where it is one. */
export async function typescriptOf(version: string): Promise<string> {
  const own = join(CHECKOUT, 'node_modules');
  const manifest = await readFile(join(own, 'typescript', 'package.json'), 'utf8');
  const { version: ownVersion } = JSON.parse(manifest) as { version: string };
  const isOwn = ownVersion.startsWith(`${version}.`);
  return join(isOwn ? own : await installed(`typescript@${version}`), 'typescript', 'bin', 'tsc');
}

/** The node_modules of a folder that holds one package of npm's registry and what it needs. */
async function installed(name: string): Promise<string> {
  const folder = await sharedFolder(name, async (place) => {
    await npm(['install', '--silent', '--no-save', '--prefix', place, name], place);
  });
  return join(folder, 'node_modules');
}
