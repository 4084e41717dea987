import { chmod, copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { beforeAll, describe, expect, inject, it } from 'vitest';

import { AuditLog } from '../../src/artifacts/audit.js';
import { verifyBundle } from '../../src/artifacts/manifest.js';
import { ModelRegistry } from '../../src/artifacts/model-registry.js';
import { callerLayer } from '../../src/core/config/layers.js';
import { resolveOptions } from '../../src/core/config/resolve.js';
import { silentContext, type StageContext } from '../../src/core/events.js';
import { DIFFERENCE_BAR, verifyExport } from '../../src/deployment/verify.js';
import type { DeploymentSource, ExportedModel } from '../../src/deployment/source.js';
import { deploy, type Deployment } from '../../src/stages/deploy/deploy.js';
import { deploySpace } from '../../src/stages/deploy/deploy-options.js';
import { resolveTrainOptions } from '../../src/stages/train/train-options.js';
import { train } from '../../src/stages/train/train.js';
import { targets } from '../../src/deployment/targets/index.js';
import { toolkitError } from '../support/errors.js';
import { temporaryFolder } from '../support/folders.js';

/** The checkpoint of a model of the default kind, and those of the models that some targets are for, by name. */
let checkpoint: Buffer;
const special = new Map<string, Buffer>();

beforeAll(async () => {
  const checkpointsDir = await mkdtemp(join(tmpdir(), 'mnist-train-test-'));
  const settings = {
    epochs: 1,
    validationSplit: 0.5,
    threads: 1,
    dataDir: inject('smallDataDir'),
    checkpointsDir,
  };
  const { checkpoint: path } = await train(await resolveTrainOptions({ ...settings, run: 'contract' }));
  checkpoint = await readFile(path);
  for (const model of new Set([...targets].flatMap(({ models = [] }) => models))) {
    const run = { ...settings, checkpointsDir: join(checkpointsDir, model), run: 'contract', model };
    special.set(model, await readFile((await train(await resolveTrainOptions(run))).checkpoint));
  }
  await rm(checkpointsDir, { recursive: true });
});

/** The checkpoint of a model that a target takes. */
function checkpointFor(to: string): Buffer {
  const { models: [model] = [] } = targets.require(to);
  return model === undefined ? checkpoint : special.get(model)!;
}

/** A folder with the checkpoint, and how to deploy it from there. */
async function workplace(): Promise<{
  folder: string;
  deployTo: (
    to: string,
    more?: Record<string, unknown>,
    context?: StageContext,
    bytes?: Buffer,
  ) => Promise<Deployment>;
}> {
  const folder = await temporaryFolder();
  const path = join(folder, 'model.safetensors');
  await writeFile(path, checkpoint);
  const common = { dataDir: inject('smallDataDir'), threads: 1, registryDir: join(folder, 'models') };
  return {
    folder,
    deployTo: async (to, more = {}, context = silentContext(), bytes = checkpointFor(to)) => {
      const goesToFolder = targets.require(to).destination === 'folder';
      await writeFile(path, bytes);
      const output = goesToFolder ? join(folder, `as-${to}`) : undefined;
      // A check with encrypted images takes a second, and a Node.js that can run Microsoft SEAL.
      const fast = 'checkImages' in targets.require(to).options.shape ? { checkImages: 0 } : {};
      const options = { to, ...common, output, ...fast, ...more };
      return deploy(path, resolveOptions(deploySpace, [callerLayer(options)]).values, context);
    },
  };
}

for (const { name, destination } of targets) {
  describe(`the target ${name}`, () => {
    it('answers as the model does, and says so in a manifest that fits its files', async () => {
      const { folder, deployTo } = await workplace();
      const deployment = await deployTo(name);
      const manifest = await verifyBundle(deployment.folder);
      expect(manifest).toMatchObject({
        target: name,
        source: { run: 'contract', dataset: 'mnist', epochs: 1 },
        metrics: { n: 2000, exported: null },
        verification: { images: 1000, bar: DIFFERENCE_BAR },
      });
      expect(manifest.verification.largestDifference).toBeLessThan(1e-5);
      expect(manifest.metrics.accuracy).toBeGreaterThan(0.5);
      // TFLite's shapes are fixed.
      const batch = name === 'tflite' ? 1 : 'batch';
      expect(manifest.classNames).toHaveLength(10);
      expect(manifest.signature.inputs[0]).toEqual({
        name: 'images',
        type: name === 'tfjs' ? 'int32' : 'uint8',
        shape: [batch, 28, 28, 1],
      });
      expect(manifest.signature.outputs[0]).toMatchObject({ name: 'probabilities', shape: [batch, 10] });
      expect(manifest.files.length).toBeGreaterThan(0);
      const [record] = await new AuditLog(new ModelRegistry(join(folder, 'models')).auditFile).read();
      expect(record).toMatchObject({ action: 'deploy', details: { target: name, run: 'contract' } });
      const leftovers = [...(await readdir(folder)), ...(await readdir(join(folder, 'models')))];
      expect(leftovers.filter((entry) => entry.startsWith('.staging'))).toEqual([]);
    });

    if (destination === 'folder') {
      it('leaves alone what is there already', async () => {
        const { folder, deployTo } = await workplace();
        await copyFile(join(folder, 'model.safetensors'), join(folder, `as-${name}`));
        await toolkitError('OUTPUT_EXISTS', deployTo(name));
      });
    }
  });
}

it.each(['registry', 'docker'])('to %s goes nothing that is not accurate enough', async (name) => {
  const { folder, deployTo } = await workplace();
  await toolkitError('QUALITY_GATE_NOT_MET', deployTo(name, { minAccuracy: 0.9999 }));
  expect(await readdir(folder)).toEqual(['model.safetensors']);
});

it.each(['registry', 'onnx'])('to %s goes nothing once the work was interrupted', async (name) => {
  const { folder, deployTo } = await workplace();
  const controller = new AbortController();
  const reason = new Error('enough');
  // In the middle: when the backend has started.
  const emit = (): void => {
    controller.abort(reason);
  };
  await expect(deployTo(name, {}, silentContext({ emit, signal: controller.signal }))).rejects.toBe(reason);
  expect((await readdir(folder)).filter((entry) => entry !== 'models')).toEqual(['model.safetensors']);
  expect(await readdir(join(folder, 'models')).catch(() => [])).toEqual([]);
});

it('an export whose storage fails leaves nothing behind', async () => {
  const { folder, deployTo } = await workplace();
  const registry = new ModelRegistry(join(folder, 'models'));
  await deployTo('registry');
  await chmod(join(registry.folder, 'mnist', 'versions'), 0o555);
  // Root may write anywhere, so the outcome depends on who runs the tests; a version is whole or not there either way.
  const outcome = await deployTo('registry').catch((error: unknown) => error);
  await chmod(join(registry.folder, 'mnist', 'versions'), 0o755);
  const versions = await registry.versions('mnist');
  expect(versions).toHaveLength(outcome instanceof Error ? 1 : 2);
  for (const version of versions) await registry.resolve('mnist', version);
  expect((await readdir(registry.folder)).filter((entry) => entry.startsWith('.staging'))).toEqual([]);
});

it.each([...targets].flatMap(({ name, models }) => (models ? [name] : [])))(
  'to %s go its own models alone, and the others are told which',
  async (name) => {
    const { folder, deployTo } = await workplace();
    const [own = ''] = targets.require(name).models!;
    const refusal = await toolkitError('EXPORT_UNSUPPORTED', deployTo(name, {}, silentContext(), checkpoint));
    expect(refusal.hint).toContain(own);
    expect(await readdir(folder)).not.toContain(`as-${name}`);
  },
);
describe('tflite', () => {
  it('says of each form its size and its accuracy, and in fewer bits it is smaller', async () => {
    const { deployTo } = await workplace();
    const { variants = [] } = await deployTo('tflite');
    expect(variants.map(({ name, images }) => [name, images])).toEqual([
      ['float32', 1000],
      ['float16', 1000],
      ['int8', 1000],
    ]);
    const [exact, half, whole] = variants;
    expect(half!.bytes / exact!.bytes).toBeLessThan(0.55);
    expect(whole!.bytes / exact!.bytes).toBeLessThan(0.3);
    expect(exact!.accuracy).toBe(exact!.checkpointAccuracy);
    expect(whole!.checkpointAccuracy - whole!.accuracy).toBeLessThan(0.01);
  });
});

describe('onnx with weights of eight bits', () => {
  it('takes a quarter of the space, and loses less than 0.2 points of accuracy', async () => {
    const { deployTo } = await workplace();
    const exact = await deployTo('onnx');
    const { deployTo: deployAgain } = await workplace();
    const small = await deployAgain('onnx', { quantize: 'int8' });
    expect(small.bytes / exact.bytes).toBeLessThan(0.3);
    expect(small.verification.bar).toBeNull();
    expect(small.metrics.accuracy - small.metrics.exported!.accuracy).toBeLessThan(0.002);
    expect(small.metrics.accuracy).toBe(exact.metrics.accuracy);
  });
});

describe('an export is thrown away', () => {
  const probabilities = Float32Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? 0.75 : 0.25));
  const labels = new Uint8Array(20);
  const test = { count: 20, shape: { height: 1, width: 1, channels: 1 }, pixels: new Uint8Array(20), labels };
  // Only what the comparison looks at.
  const source = { test, probabilities, accuracy: 1 } as DeploymentSource;
  const answering = (
    change: (values: Float32Array) => Float32Array,
    accuracyLoss?: number,
  ): ExportedModel => ({
    engine: 'a table',
    signature: { inputs: [], outputs: [] },
    classify: () => Promise.resolve(change(probabilities.slice())),
    dispose: () => Promise.resolve(),
    ...(accuracyLoss === undefined ? {} : { accuracyLoss }),
  });
  const wrongAt = (rows: number) => (values: Float32Array) => {
    for (let row = 0; row < rows; row++) values.set([0.25, 0.75], 2 * row);
    return values;
  };

  it.each<[string, ExportedModel]>([
    ['if one probability is off', answering((values) => values.with(17, 0.2501))],
    ['if one is no number', answering((values) => values.with(17, NaN))],
    ['if some are missing', answering((values) => values.subarray(0, 38))],
    ['if it loses too much accuracy', answering(wrongAt(1), 0.2)],
  ])('%s', async (_, exported) => {
    await toolkitError('EXPORT_DIFFERS', verifyExport('table', source, exported));
  });

  it('if one of its forms loses too much accuracy', async () => {
    const original = { ...answering((values) => values), name: 'exact', path: 'a' };
    const worse = { ...answering(wrongAt(1), 1), name: 'small', path: 'b' };
    const exported = { ...answering((values) => values), variants: [original, worse] };
    const all = { ...source, predictions: new Uint8Array(20) };
    const error = await toolkitError('EXPORT_DIFFERS', verifyExport('table', all, exported));
    expect(error.message).toContain('table (small)');
    const allowed = { ...exported, variants: [original, { ...worse, accuracyLoss: 6 }] };
    const { variants } = await verifyExport('table', all, allowed);
    expect(variants).toMatchObject([{ accuracy: 1 }, { accuracy: 0.95, checkpointAccuracy: 1 }]);
  });

  it('but not for the last digit', async () => {
    const { verification } = await verifyExport(
      'table',
      source,
      answering((values) => values.with(17, 0.250001)),
    );
    expect(verification.largestDifference).toBeCloseTo(1e-6, 7);
    const { exported } = await verifyExport('table', source, answering(wrongAt(1), 6));
    expect(exported).toEqual({ accuracy: 0.95 });
  });
});
