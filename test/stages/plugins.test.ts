import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { readCheckpoint, writeCheckpoint } from '../../src/artifacts/checkpoint.js';
import { loadFloats } from '../../src/artifacts/safetensors.js';
import { sha256OfFile } from '../../src/core/hashing.js';
import { collect, deploy, evaluate, predict, serve, train } from '../../src/index.js';
import { toolkitError } from '../support/errors.js';
import { drawings } from '../support/small-drawings.js';

/* The examples of docs/plugins.md, through all that a part of ours goes through. */

const EXAMPLES = fileURLToPath(new URL('../../examples/plugins/', import.meta.url));
const example = (name: string): `${string}.mjs` => `${EXAMPLES}${name}.mjs`;

let folder: string;
let common: { dataset: string; dataDir: string; checkpointsDir: string; threads: number };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mnist-train-test-'));
  common = { dataset: 'own', dataDir: folder, checkpointsDir: folder, threads: 1 };
  await collect({ dataset: 'own', from: await drawings(join(folder, 'drawings')), dataDir: folder, size: 8 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Options that TypeScript cannot know, as they are those of a plug-in. */
const withOptions = (options: Record<string, unknown>): object => options;

describe('a model of one’s own', () => {
  let checkpoint: string;

  beforeAll(async () => {
    const options = { ...common, ...withOptions({ netWidth: 4 }), model: example('model') };
    await train({ ...options, epochs: 2, stopAfter: 1, run: 'own-model' });
    ({ checkpoint } = await train({ ...common, resume: 'own-model' }));
  });

  it('is trained and resumed as a run that never stopped, and recorded by hash', async () => {
    const options = { ...common, ...withOptions({ netWidth: 4 }), model: example('model') };
    const whole = await train({ ...options, epochs: 2, run: 'whole' });
    const [stopped, never] = [await readCheckpoint(checkpoint), await readCheckpoint(whole.checkpoint)];
    expect([...stopped.tensors]).toEqual([...never.tensors]);
    const record = {
      kind: 'model',
      name: 'edge-net',
      module: example('model'),
      sha256: await sha256OfFile(example('model')),
    };
    expect(stopped.description.plugins).toEqual([record]);
    expect(stopped.description.config).toMatchObject({ model: 'edge-net', netWidth: 4 });
    expect(stopped.description.config).not.toHaveProperty('plugin');
    const written = JSON.parse(await readFile(join(folder, 'own-model', 'config.json'), 'utf8')) as object;
    expect(written).toMatchObject({ plugins: [record] });
  });

  it('is evaluated, predicts, is exported and served', async () => {
    const { accuracy } = await evaluate(checkpoint, { ...common, plugin: [example('model')] });
    expect(accuracy).toBeGreaterThanOrEqual(0);
    const picture = join(folder, 'drawings', 'lying', '0.png');
    const { predictions, failures } = await predict(
      checkpoint,
      [{ name: 'one', read: () => readFile(picture) }],
      { checkpointsDir: folder, threads: 1 },
    );
    expect([predictions.length, failures.length]).toEqual([1, 0]);
    const places = { dataDir: folder, registryDir: join(folder, 'models'), threads: 1 };
    for (const to of ['registry', 'onnx', 'savedmodel'] as const) {
      const output = to === 'registry' ? {} : { output: join(folder, `out-${to}`) };
      const { verification } = await deploy(checkpoint, { ...places, ...output, to });
      expect(verification.images).toBeGreaterThan(0);
    }
    const { message } = await toolkitError(
      'EXPORT_UNSUPPORTED',
      deploy(checkpoint, { ...places, to: 'docker' }),
    );
    expect(message).toContain('its model "edge-net" comes from a plug-in');
    const server = await serve(checkpoint, { ...places, port: 0 });
    expect((await fetch(`${server.url}/v2/health/ready`)).status).toBe(200);
    await server.stop();
  });

  it('of another file is refused, unless it is accepted', async () => {
    const stored = await readCheckpoint(checkpoint);
    const [record] = stored.description.plugins!;
    const changed = join(folder, 'changed.safetensors');
    const plugins = [{ ...record!, sha256: '0'.repeat(64) }];
    await writeCheckpoint({ ...stored, path: changed, description: { ...stored.description, plugins } });
    const options = { ...common, plugin: [example('model')] };
    const { hint } = await toolkitError('PLUGIN_CHANGED', evaluate(changed, options));
    expect(hint).toContain('--allow-changed-plugins');
    await evaluate(changed, { ...options, allowChangedPlugins: true });
    // It holds for the call that says so.
    await toolkitError('PLUGIN_CHANGED', evaluate(changed, options));
  });

  it('is never loaded because a checkpoint names it', async () => {
    const file = join(folder, 'hostile.mjs');
    await cp(example('model'), file);
    await writeFile(file, `globalThis.isHostileRun = true;`);
    const stored = await readCheckpoint(checkpoint);
    const hostile = join(folder, 'hostile.safetensors');
    for (const name of [file, 'other-net']) {
      const description = {
        ...stored.description,
        config: { ...stored.description.config, model: name, plugin: [file] },
        model: { ...stored.description.model, name },
        plugins: [{ kind: 'model', name, module: file, sha256: await sha256OfFile(file) }],
      };
      await writeCheckpoint({ ...stored, path: hostile, description });
      const { hint } = await toolkitError('PLUGIN_NEEDED', evaluate(hostile, common));
      expect(hint).toContain(`add --plugin ${file} if you trust it`);
      await cp(hostile, join(folder, 'own-model', 'last.safetensors'));
      await toolkitError('PLUGIN_NEEDED', train({ ...common, resume: 'own-model' }));
    }
    expect('isHostileRun' in globalThis).toBe(false);
  });
});

describe('an optimizer and a schedule of one’s own', () => {
  it('train, compiled and eagerly alike, and are needed to go on but not to evaluate', async () => {
    const options = {
      ...{ ...common, hiddenLayers: [4], epochs: 2, averageWeights: 0.9 },
      ...{ optimizer: example('optimizer'), schedule: example('schedule') },
      ...withOptions({ learningRate: 0.002, decayRate: 0.5 }),
    };
    const { checkpoint, execution } = await train({ ...options, run: 'lion', stopAfter: 1 });
    expect(execution?.mode).toBe('compiled');
    const eager = await train({ ...options, run: 'lion-eager', engine: 'eager' });
    const { description, tensors } = await readCheckpoint(checkpoint);
    expect(description.plugins?.map(({ kind, name }) => [kind, name])).toEqual([
      ['optimizer', 'lion'],
      ['schedule', 'exponential'],
    ]);
    expect([...tensors.keys()]).toContain('optimizer/dense1/kernel/mean');
    const resumed = await train({ ...common, resume: 'lion' });
    const [compiled, other] = [
      await readCheckpoint(resumed.checkpoint),
      await readCheckpoint(eager.checkpoint),
    ];
    const rates = compiled.description.progress.history.map(({ learningRate }) => learningRate);
    expect(rates[1]! / rates[0]!).toBeCloseTo(0.5, 6);
    for (const [name, stored] of compiled.tensors) {
      const [one, two] = [loadFloats(stored), loadFloats(other.tensors.get(name)!)];
      one.forEach((value, at) => {
        expect(value).toBeCloseTo(two[at]!, 5);
      });
    }
    // As a checkpoint from elsewhere, whose optimizer is not here.
    const [lion, schedule] = description.plugins!;
    const plugins = [{ ...lion!, name: 'tiger' }, schedule!];
    const config = { ...description.config, optimizer: 'tiger' };
    const path = join(folder, 'lion', 'last.safetensors');
    await writeCheckpoint({ path, tensors, description: { ...description, config, plugins } });
    await toolkitError('PLUGIN_NEEDED', train({ ...common, resume: 'lion' }));
    expect((await evaluate(path, common)).accuracy).toBeGreaterThanOrEqual(0);
  });

  it('that reads values says so by file and line', async () => {
    const file = join(folder, 'reading.mjs');
    const text = await readFile(example('optimizer'), 'utf8');
    const reading = text
      .replace("name: 'lion'", "name: 'reading'")
      .replace(
        'update({',
        'update({ gradient: _, ...rest }, gradient) {\n      gradient.dataSync();\n    },\n    unused({',
      );
    await writeFile(file, reading);
    const options = { ...common, epochs: 1, hiddenLayers: [4], optimizer: file as `${string}.mjs` };
    const { message } = await toolkitError('STEP_NOT_TRACEABLE', train(options));
    expect(message).toMatch(/reading\.mjs:\d+:\d+: the model cannot be compiled: reading/);
  });
});
