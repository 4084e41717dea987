import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { findRaw, rawFolder } from '../../artifacts/raw.js';
import { isPrepared } from '../../artifacts/sharded.js';
import { exists } from '../../core/files.js';
import { datasets } from '../../data/datasets/index.js';

/** A data set, known by name or found in the data folder. */
export interface ListedDataset {
  name: string;
  summary: string;
  /** How far it has come: what can be trained on now, and what has to be fetched first. */
  state: 'preprocessed' | 'collected' | 'embedded' | 'not collected';
  licence: string | null;
}

/** The published data sets that are known by name, and those of the user's own in the data folder. */
export async function listDatasets(dataDir: string): Promise<ListedDataset[]> {
  const known = [...datasets].map(async ({ name, summary, licence, embeddedFolder }) => ({
    name,
    summary,
    licence,
    state: (await stateOf(dataDir, name)) ?? (embeddedFolder ? 'embedded' : 'not collected'),
  }));
  const names = await readdir(dataDir).catch(() => []);
  const own = names
    .filter((name) => !datasets.get(name))
    .map(async (name): Promise<ListedDataset[]> => {
      const state = await stateOf(dataDir, name);
      if (state === undefined) return [];
      const raw = await findRaw(dataDir, name).catch(() => undefined);
      const summary = raw ? `collected from ${raw.manifest.source}` : 'your own';
      return [{ name, summary, state, licence: raw?.manifest.licence ?? null }];
    });
  return [...(await Promise.all(known)), ...(await Promise.all(own)).flat()] as ListedDataset[];
}

async function stateOf(dataDir: string, name: string): Promise<'preprocessed' | 'collected' | undefined> {
  if (await isPrepared(dataDir, name)) return 'preprocessed';
  return (await exists(join(rawFolder(dataDir, name), 'manifest.json'))) ? 'collected' : undefined;
}
