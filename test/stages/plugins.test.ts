import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { readCheckpoint, writeCheckpoint } from '../../src/artifacts/checkpoint.js';
import { findPrepared } from '../../src/artifacts/prepared.js';
import { loadFloats } from '../../src/artifacts/safetensors.js';
import { sha256OfFile } from '../../src/core/hashing.js';
import { loadPlugin } from '../../src/core/plugins/load.js';
import { explainers } from '../../src/evaluation/explanation/index.js';
import { integratedGradients } from '../../src/evaluation/explanation/integrated-gradients.js';
import { openExplainer } from '../../src/evaluation/explanation/model-explainer.js';
import { copyPlugins } from '../../src/deployment/docker/plugins.js';
import {
  collect,
  deploy,
  evaluate,
  explain,
  predict,
  serve,
  train,
  type EpochEvent,
  type OwnImage,
} from '../../src/index.js';
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

describe('a source of one’s own', () => {
  it('is collected with its options, recorded by hash, and trained on', async () => {
    const dataset = 'shapes';
    const options = { ...withOptions({ drawings: 60 }), from: example('source') };
    const { manifest } = await collect({ ...options, dataset, dataDir: folder });
    expect(manifest).toMatchObject({ source: example('source'), classNames: ['cross', 'ring'] });
    expect(manifest.imported).toMatchObject({
      ...{ format: 'shapes', size: 16, images: { train: 48, test: 12, rejected: 0 } },
      plugin: { kind: 'source', name: 'shapes', sha256: await sha256OfFile(example('source')) },
    });
    await train({ ...common, dataset, model: 'mlp', epochs: 1, run: 'shapes' });
  });

  it('is refused beside what says where else images are', async () => {
    const options = { from: example('source'), dataDir: folder };
    await toolkitError('USAGE', collect({ ...options, dataset: 'mnist' }));
    await toolkitError('USAGE', collect({ ...options, dataset: 'other', format: 'csv' }));
    const file = join(folder, 'failing.mjs');
    await writeFile(
      file,
      `import { defineSource, z } from 'mnist-train/plugins';
export default defineSource({
  name: 'failing', summary: 'a camera that is off', options: z.strictObject({}),
  async *images() {
    throw new TypeError('no camera');
  },
});`,
    );
    const { message } = await toolkitError(
      'PLUGIN_FAILED',
      collect({ dataset: 'other', from: file, dataDir: folder }),
    );
    expect(message).toContain(`${file}:5:`);
  });

  it('may be an iterable of a program', async () => {
    const image = (value: number): OwnImage['image'] => ({
      ...{ width: 4, height: 4, channels: 1 },
      data: new Uint8Array(16).fill(value),
    });
    function* images(): Generator<OwnImage> {
      for (let index = 0; index < 20; index++)
        yield { label: index % 2 ? 'odd' : 'even', image: image(index) };
    }
    const { manifest } = await collect({ dataset: 'counted', dataDir: folder }, { images: images() });
    expect(manifest).toMatchObject({ source: 'images of a program', classNames: ['even', 'odd'] });
    const both = collect({ dataset: 'counted', from: folder, dataDir: folder }, { images: images() });
    await toolkitError('USAGE', both);
  });
});

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

  it('is measured by a metric of one’s own', async () => {
    const options = { ...common, plugin: [example('model')], metric: example('metric') };
    const measured = async (least: number): Promise<unknown> => {
      const { metric } = await evaluate(checkpoint, { ...options, ...withOptions({ least }) });
      return metric;
    };
    expect(await measured(0)).toEqual({ name: 'screening-recall', value: 1 });
    expect(await measured(1)).toEqual({ name: 'screening-recall', value: 0 });
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
    // The image gets the file, and its server loads it.
    const output = join(folder, 'out-docker');
    await deploy(checkpoint, { ...places, to: 'docker', output });
    expect(await readFile(join(output, 'plugins', '1', 'model.mjs'), 'utf8')).toBe(
      await readFile(example('model'), 'utf8'),
    );
    expect(await readFile(join(output, 'Dockerfile'), 'utf8')).toContain(
      ',"--plugin","plugins/1/model.mjs"]',
    );
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

describe('an augmentation of one’s own', () => {
  it('changes the training, alike when resumed, and is not needed afterwards', async () => {
    const options = { ...common, hiddenLayers: [4], epochs: 2, augment: example('augmentation') };
    const noisy = { ...options, ...withOptions({ noise: 0.3 }) };
    await train({ ...noisy, run: 'noisy', stopAfter: 1 });
    const resumed = await train({ ...common, resume: 'noisy' });
    const whole = await train({ ...noisy, run: 'noisy-whole' });
    const none = await train({ ...options, ...withOptions({ noise: 0 }), run: 'no-noise' });
    const [one, two, other] = await Promise.all(
      [resumed, whole, none].map(async ({ checkpoint }) => readCheckpoint(checkpoint)),
    );
    expect([...one!.tensors]).toEqual([...two!.tensors]);
    expect([...one!.tensors]).not.toEqual([...other!.tensors]);
    expect(one!.description.plugins).toMatchObject([{ kind: 'augmentation', name: 'pixel-noise' }]);
  });
});

describe('plug-ins in a Docker image', () => {
  it('come with what they import, and are refused with packages that the image does not have', async () => {
    const source = await readFile(example('model'), 'utf8');
    await mkdir(join(folder, 'own', 'shared'), { recursive: true });
    await writeFile(join(folder, 'own', 'shared', 'names.mjs'), `export const own = 'two-files';`);
    const write = async (file: string, name: string, imported: string): Promise<string> => {
      const path = join(folder, 'own', file);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, `${imported}\n${source.replace("'edge-net'", name)}`);
      return path;
    };
    const two = await write('models/two.mjs', 'own', `import { own } from '../shared/names.mjs';`);
    const foreign = await write('foreign.mjs', `'foreign'`, `import 'yaml';`);
    const records = await Promise.all(
      [two, foreign].map(async (file) => {
        const { definitions, sha256 } = await loadPlugin(file);
        return { kind: 'model', name: definitions[0]!.name, module: file, sha256 };
      }),
    );
    const output = join(folder, 'image');
    const server = { target: 'docker', kinds: ['model'] };
    const { words } = await copyPlugins({ plugins: [records[0]!] }, output, server);
    expect(words).toEqual(['--plugin', 'plugins/1/models/two.mjs']);
    expect(await readFile(join(output, 'plugins/1/shared/names.mjs'), 'utf8')).toContain('two-files');
    const older = { ...records[0]!, sha256: '0'.repeat(64) };
    expect((await copyPlugins({ plugins: [older] }, output, server)).words).toContain(
      '--allow-changed-plugins',
    );
    const { message } = await toolkitError(
      'EXPORT_UNSUPPORTED',
      copyPlugins({ plugins: [records[1]!] }, output, server),
    );
    expect(message).toContain('its model "foreign" imports the package yaml, which the image does not have');
    expect(await copyPlugins({}, output, server)).toEqual({ words: [] });
  });
});

describe('features and a method of explanation of one’s own', () => {
  it('are fitted, trained on and recorded, and explain as the mathematics says', async () => {
    const options = {
      ...common,
      hiddenLayers: [],
      epochs: 1,
      validationSplit: 0,
      scaling: 'zero-one' as const,
    };
    const { checkpoint } = await train({
      ...{ ...options, features: example('features'), run: 'profiles' },
      ...withOptions({ profiles: 'rows' }),
    });
    const trained = await readCheckpoint(checkpoint);
    expect(trained.description.plugins).toMatchObject([{ kind: 'features', name: 'profiles' }]);
    const [, mean] = [...trained.tensors].find(([name]) => name.endsWith('profiles/mean'))!;
    const { train: images } = (await findPrepared(folder, 'own'))!;
    const size = images.shape.height * images.shape.width;
    const rows = Array.from({ length: images.shape.height }, (_, row) =>
      images.pixels.filter((_pixel, at) => Math.floor((at % size) / images.shape.width) === row),
    );
    loadFloats(mean).forEach((value, row) => {
      const sum = rows[row]!.reduce((all, pixel) => all + pixel, 0);
      expect(value).toBeCloseTo(sum / rows[row]!.length / 255, 5);
    });

    const picture = { name: 'one', read: () => readFile(join(folder, 'drawings', 'lying', '0.png')) };
    const { method, explanations } = await explain(checkpoint, [picture], {
      ...{ checkpointsDir: folder, threads: 1, output: join(folder, 'explained') },
      ...{ plugin: [example('features')], method: example('explainer') },
    });
    expect([method, explanations.length]).toEqual(['input-gradient', 1]);
    // Without hidden layers the logits are linear in the pixels: then integrated gradients are input × gradient.
    const explainer = openExplainer(trained, 1, new AbortController().signal);
    const own = explainers.require('input-gradient').build({ fromBlack: true } as never);
    const reference = integratedGradients.build(integratedGradients.options.parse({}));
    const pixels = images.pixels.subarray(0, size);
    const { map } = await explainer.explain(own, pixels, 1);
    const { map: expected } = await explainer.explain(reference, pixels, 1);
    explainer.dispose();
    expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(0.001);
    map.forEach((value, pixel) => {
      expect(value).toBeCloseTo(expected[pixel]!, 5);
    });
  });
});

describe('a metric of one’s own', () => {
  const options = (): object => ({ ...common, hiddenLayers: [4], epochs: 3, validationSplit: 0.3 });

  /** A metric whose values are known beforehand: one for each epoch. */
  async function scripted(name: string, values: readonly number[], better: string): Promise<`${string}.mjs`> {
    const file = join(folder, `${name}.mjs`);
    await writeFile(
      file,
      `import { defineMetric, z } from 'mnist-train/plugins';
const values = ${JSON.stringify(values)};
export default defineMetric({
  name: '${name}', summary: 'scripted', source: 'a test', better: '${better}', options: z.strictObject({}),
  measure: () => values.shift(),
});`,
    );
    return file as `${string}.mjs`;
  }

  it('is measured on the validation split after each epoch, as evaluate measures it', async () => {
    const seen: EpochEvent[] = [];
    const measured = { metric: example('metric'), ...withOptions({ screened: 1, least: 0.5 }) };
    const { checkpoint, validation, bestEpoch } = await train(
      { ...options(), ...measured, run: 'measured' },
      { emit: (event) => event.event === 'epoch' && seen.push(event) },
    );
    const { description } = await readCheckpoint(checkpoint);
    expect(description.plugins).toMatchObject([{ kind: 'metric', name: 'screening-recall' }]);
    const { history } = description.progress;
    expect(history.every(({ validation: found }) => found?.metric?.name === 'screening-recall')).toBe(true);
    expect(seen.slice(0, bestEpoch).map((epoch) => epoch.validation)).toEqual(
      history.map((epoch) => epoch.validation),
    );
    expect(validation).toEqual(history.at(-1)!.validation);
    const again = await evaluate(checkpoint, { ...common, ...measured, split: 'validation' });
    expect(again.metric).toEqual(history.at(-1)!.validation!.metric);
    // The best epoch is still that of the accuracy.
    expect(validation).not.toHaveProperty('score');
    const lines = (await readFile(join(folder, 'measured', 'metrics.jsonl'), 'utf8')).trim().split('\n');
    expect(JSON.parse(lines[0]!)).toMatchObject({ validation: { metric: { name: 'screening-recall' } } });
  });

  it.each([
    ['higher', [0.1, 0.9, 0.5], 2],
    ['lower', [0.4, 0.9, 0.5], 1],
  ])('chooses the best epoch where it is asked to: the %s', async (better, values, best) => {
    const metric = await scripted(`${better}-is-better`, values, better);
    const { bestEpoch, validation, run } = await train({
      ...{ ...options(), metric, bestBy: 'metric', run: better },
    });
    expect([bestEpoch, validation?.metric?.value]).toEqual([best, values[best - 1]]);
    const { description } = await readCheckpoint(join(folder, run, 'best.safetensors'));
    expect(description.progress.history).toHaveLength(best);
    const page = join(folder, `${better}.html`);
    await evaluate(run, { ...common, resamples: 0, mistakes: 0, report: page });
    expect(await readFile(page, 'utf8')).toContain(`${better}-is-better by epoch. After epoch ${best}`);
  });

  it('is refused where it could not be measured or is no number, and where there is none to choose by', async () => {
    const refused = async (more: object, message: RegExp): Promise<void> => {
      const metric = example('metric');
      expect((await toolkitError('USAGE', train({ ...options(), metric, ...more }))).message).toMatch(
        message,
      );
    };
    await refused({ validationSplit: 0 }, /measured on the validation split, and there is none/);
    await refused({ metric: undefined, bestBy: 'metric' }, /--best-by metric needs a metric/);
    const metric = await scripted('no-number', [NaN], 'higher');
    const { message } = await toolkitError('PLUGIN_FAILED', train({ ...options(), metric, run: 'nan' }));
    expect(message).toContain('the metric no-number is null');
    const odd = await scripted('odd', [1], 'smaller');
    const unclear = await toolkitError('PLUGIN_FAILED', train({ ...options(), metric: odd, run: 'odd' }));
    expect(unclear.message).toContain('better of the metric odd is "smaller", and must be higher or lower');
  });
});

describe('a target of one’s own', () => {
  it('writes a verified folder, with its options', async () => {
    const { checkpoint } = await train({ ...common, hiddenLayers: [4], epochs: 1, run: 'plain' });
    const places = { dataDir: folder, registryDir: join(folder, 'models'), threads: 1 };
    const output = join(folder, 'handed-over');
    const options = { ...places, ...withOptions({ owner: 'Vision team' }), to: example('target'), output };
    const { target, verification } = await deploy(checkpoint, options);
    expect([target, verification.largestDifference]).toEqual(['handover', 0]);
    expect(await readFile(join(output, 'README.md'), 'utf8')).toContain('Owner: Vision team');
    expect(await readFile(join(output, 'manifest.json'), 'utf8')).toContain('"target": "handover"');
  });
});

describe('onEpoch', () => {
  const options = (): object => ({ ...common, hiddenLayers: [4], epochs: 4 });

  it('is called with each epoch, and stops a run that can go on', async () => {
    const seen: number[] = [];
    const onEpoch = ({ epoch }: EpochEvent): 'stop' | undefined => {
      seen.push(epoch);
      return epoch === 2 ? 'stop' : undefined;
    };
    const { epochs, test: measured } = await train({ ...options(), run: 'watched' }, { onEpoch });
    expect([seen, epochs, measured.n > 0]).toEqual([[1, 2], 2, true]);
    expect((await train({ ...common, resume: 'watched' })).epochs).toBe(4);
  });

  it('that fails ends the run after its checkpoint', async () => {
    const failing = train(
      { ...options(), run: 'failing' },
      { onEpoch: () => Promise.reject(new Error('mine')) },
    );
    await expect(failing).rejects.toThrow('mine');
    const { description } = await readCheckpoint(join(folder, 'failing', 'last.safetensors'));
    expect(description.progress.history).toHaveLength(1);
  });
});

describe('a loss of one’s own', () => {
  it('is minimised, with class weights, and its option changes it', async () => {
    const options = { ...common, hiddenLayers: [4], epochs: 1, loss: example('loss') };
    const first = await train({ ...options, run: 'loss' });
    const other = await train({ ...options, ...withOptions({ exponent: 0.2 }), run: 'other-loss' });
    await train({ ...options, classWeights: 'balanced', run: 'weighted-loss' });
    const [one, two] = [await readCheckpoint(first.checkpoint), await readCheckpoint(other.checkpoint)];
    expect(one.description.plugins).toMatchObject([{ kind: 'loss', name: 'generalised-cross-entropy' }]);
    expect([...one.tensors]).not.toEqual([...two.tensors]);
    // At most 1/exponent.
    expect(one.description.progress.history[0]!.loss).toBeLessThanOrEqual(1 / 0.7);
  });
});
