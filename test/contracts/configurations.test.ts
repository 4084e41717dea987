import { readdirSync, readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { models } from '../../src/models/index.js';
import { resolveTrainOptions } from '../../src/stages/train/train-options.js';

const folder = new URL('../../configs/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const read = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Record<string, unknown>;

describe('the shipped configurations', () => {
  it.each(files)('%s is accepted, and says nothing that is left unused', async (name) => {
    const given = read(name);
    const { flat } = await resolveTrainOptions(given);
    expect(flat).toMatchObject(given);
  });

  it('are those that the measured accuracies of models name', () => {
    const measured = [...models].flatMap(({ name, measured: found }) => (found ? [{ name, ...found }] : []));
    expect(measured.length).toBeGreaterThan(0);
    for (const { name, configuration } of measured) {
      const given = read(configuration.replace('configs/', ''));
      expect(given['model'] ?? 'mlp', configuration).toBe(name);
    }
  });
});
