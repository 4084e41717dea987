import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { ToolkitError } from '../../core/errors.js';
import { readError } from '../../core/files.js';
import { sha256OfFile } from '../../core/hashing.js';
import type { Resource } from './statement.js';

/**
 * The files of a folder with their SHA-256, in the order that the format demands. Throws SIGNATURE_INVALID for links, pipes and other
 * things that are not files, and DATA_UNREADABLE.
 *
 * @param ignored paths inside the folder that are left out, with all below them
 */
export async function resourcesOf(folder: string, ignored: readonly string[]): Promise<Resource[]> {
  const names = await namesIn(folder, '', ignored);
  const resources: Resource[] = [];
  for (const name of names.sort(byPath)) {
    const path = join(folder, name);
    const digest = await sha256OfFile(path).catch((error: unknown) => {
      throw readError(error, path);
    });
    resources.push({ name, algorithm: 'sha256', digest });
  }
  return resources;
}

async function namesIn(root: string, below: string, ignored: readonly string[]): Promise<string[]> {
  const folder = join(root, below);
  const entries = await readdir(folder).catch((error: unknown) => {
    throw readError(error, folder);
  });
  const names: string[] = [];
  for (const entry of entries) {
    const name = below === '' ? entry : `${below}/${entry}`;
    if (ignored.includes(name)) continue;
    const found = await lstat(join(root, name));
    if (found.isDirectory()) names.push(...(await namesIn(root, name, ignored)));
    else if (found.isFile()) names.push(name);
    else {
      const reason = 'not a plain file: links and pipes cannot be signed';
      throw new ToolkitError('SIGNATURE_INVALID', { path: join(root, name), reason });
    }
  }
  return names;
}

/** The reference implementation's order: folder by folder, by code points, which is the order of UTF-8 bytes. */
function byPath(first: string, second: string): number {
  const bytesOf = (path: string): Buffer => Buffer.from(path.replaceAll('/', '\0'));
  return Buffer.compare(bytesOf(first), bytesOf(second));
}
