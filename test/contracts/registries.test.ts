import { readdir } from 'node:fs/promises';

import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { backends } from '../../src/engine/backends/index.js';
import type { Named } from '../../src/core/registry.js';
import { sourceKinds } from '../../src/data/collection/kinds/index.js';
import { datasets } from '../../src/data/datasets/index.js';
import { fileRoles } from '../../src/data/datasets/dataset.js';
import { explainers } from '../../src/evaluation/explanation/index.js';
import { ownAugmentations } from '../../src/models/augmentation/own/index.js';
import { features } from '../../src/models/features/index.js';
import { models } from '../../src/models/index.js';
import { losses } from '../../src/training/losses/index.js';
import { optimizers } from '../../src/training/optimizers/index.js';
import { schedules } from '../../src/training/schedules/index.js';
import { checks } from '../../src/data/preparation/checks/index.js';
import { denoisers } from '../../src/data/preparation/denoisers/index.js';
import { targets } from '../../src/deployment/targets/index.js';

const KEBAB_CASE = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

interface Place {
  registry: Iterable<Named> & {
    kind: string;
    names: readonly string[];
    get(name: string): Named | undefined;
  };
  folder: string;
  /** Folders in it with more plug-ins. */
  inner?: readonly string[];
  others: readonly string[];
}

/** Each registry's folder, and its files that are not plug-ins. */
const registries: readonly Place[] = [
  {
    registry: backends,
    folder: 'engine/backends',
    others: ['backend.ts', 'options.ts', 'start-tensorflow.ts', 'start.ts', 'unsupported-options.ts'],
  },
  { registry: sourceKinds, folder: 'data/collection/kinds', others: ['source-kind.ts'] },
  { registry: datasets, folder: 'data/datasets', others: ['dataset.ts', 'emnist-files.ts'] },
  {
    registry: models,
    folder: 'models',
    inner: ['backbones'],
    others: [
      'backbone.ts',
      'nodes.ts',
      'state-dict.ts',
      'activations.ts',
      'classify-images.ts',
      'classify-pixels.ts',
      'initializers.ts',
      'load-model.ts',
      'model.ts',
      'options.ts',
      'finite-outputs.ts',
      'pass-cost.ts',
      'variables.ts',
    ],
  },
  { registry: checks, folder: 'data/preparation/checks', others: ['check.ts'] },
  { registry: denoisers, folder: 'data/preparation/denoisers', others: ['denoiser.ts'] },
  {
    registry: explainers,
    folder: 'evaluation/explanation',
    others: ['covering.ts', 'explainer.ts', 'gradients.ts', 'model-explainer.ts'],
  },
  {
    registry: features,
    folder: 'models/features',
    others: ['feature.ts', 'private-centering.ts', 'with-features.ts'],
  },
  { registry: ownAugmentations, folder: 'models/augmentation/own', others: ['own-augmentation.ts'] },
  { registry: losses, folder: 'training/losses', others: ['loss.ts'] },
  {
    registry: optimizers,
    folder: 'training/optimizers',
    others: ['optimizer.ts', 'options.ts', 'trust-ratio.ts'],
  },
  {
    registry: schedules,
    folder: 'training/schedules',
    others: ['rate-scaling.ts', 'schedule.ts', 'warmup.ts'],
  },
  { registry: targets, folder: 'deployment/targets', others: ['target.ts'] },
];

for (const { registry, folder, inner = [], others } of registries) {
  describe(`the ${registry.kind} registry`, () => {
    const entries: readonly Named[] = [...registry];

    it('holds every file of its folder, under the file’s name', async () => {
      const folders = [folder, ...inner.map((name) => `${folder}/${name}`)];
      const listed = await Promise.all(
        folders.map((place) =>
          readdir(new URL(`../../src/${place}/`, import.meta.url), { withFileTypes: true }),
        ),
      );
      const files = listed
        .flat()
        .filter((entry) => entry.isFile())
        .map(({ name }) => name);
      const plugins = files.filter((file) => ![...others, 'index.ts'].includes(file));
      expect(registry.names.map((name) => `${name}.ts`).sort()).toEqual(plugins.sort());
    });

    it('finds its entries by name, and no others', () => {
      for (const entry of entries) expect(registry.get(entry.name)).toBe(entry);
      expect(registry.get('no-such-thing')).toBeUndefined();
    });

    for (const { name, summary } of entries) {
      it(`describes ${name} in one line`, () => {
        expect(name).toMatch(KEBAB_CASE);
        expect(summary).toMatch(/^\S[^\n]{8,100}\S$/);
        // A line of a list, not a sentence.
        expect(summary).not.toMatch(/\.$/);
      });
    }
  });
}

describe('options', () => {
  for (const entry of [...models, ...features, ...losses, ...optimizers, ...schedules, ...explainers]) {
    for (const [key, schema] of Object.entries<z.ZodType>(entry.options.shape)) {
      it(`${entry.name}: ${key} is described and has a default that it accepts`, () => {
        expect(key).toMatch(/^[a-z][a-zA-Z0-9]*$/);
        expect(schema.meta()?.description).toMatch(/^\S[^\n]+\S$/);
        const fallback: unknown = schema.parse(undefined);
        expect(fallback).toBeDefined();
        expect(schema.parse(fallback)).toEqual(fallback);
      });
    }

    it(`${entry.name}: unknown options are refused`, () => {
      expect(() => entry.options.parse({ noSuchOption: 1 })).toThrow(z.ZodError);
    });

    it(`${entry.name}: names its source, with a year`, () => {
      expect(entry.source).toMatch(/\b(19|20)\d\d\b/);
    });
  }
});

describe('data sets', () => {
  for (const dataset of datasets) {
    it(`${dataset.name} is pinned by its files, gzipped or not, or by its archive, with its licence and origin`, () => {
      const { archive, files } = dataset;
      const hashes = fileRoles.map(
        (role) => files[role].sha256 ?? files[role].gzip?.sha256 ?? archive?.sha256,
      );
      for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{64}$/);
      for (const role of fileRoles) expect(files[role].bytes).toBeGreaterThan(8);
      expect(new Set(hashes).size).toBe(archive ? 1 : fileRoles.length);
      expect(new Set(dataset.classNames).size).toBe(dataset.classNames.length);
      for (const text of [dataset.licence, dataset.origin, dataset.advice]) expect(text).toMatch(/\S/);
    });
  }
});
