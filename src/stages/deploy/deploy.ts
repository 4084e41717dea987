import { join } from 'node:path';

import { readCheckpoint, type Checkpoint } from '../../artifacts/checkpoint.js';
import { writeManifest, type Manifest } from '../../artifacts/manifest.js';
import { ModelRegistry } from '../../artifacts/model-registry.js';
import type { PreparedData } from '../../artifacts/prepared.js';
import { resolveCheckpoint } from '../../artifacts/run.js';
import { currentKeyring } from '../../core/encryption/session.js';
import { ToolkitError } from '../../core/errors.js';
import { silentContext, type StageContext } from '../../core/events.js';
import { readEcdsaKey } from '../../core/signing/keys.js';
import { describeBundle } from '../../deployment/describe.js';
import { requireAccuracy } from '../../deployment/gate.js';
import { PolicyDesk } from '../../deployment/policy/desk.js';
import { folderDestination, registryDestination, type Destination } from '../../deployment/publish.js';
import { spreadImages, type DeploymentSource, type ExportedModel } from '../../deployment/source.js';
import { withStaging } from '../../deployment/staging.js';
import { verifyExport } from '../../deployment/verify.js';
import { meanMetrics } from '../../evaluation/classify.js';
import { classesOf, softmaxRows } from '../../evaluation/probabilities.js';
import { describeTraining } from '../../serving/watching/describe-training.js';
import { encodeReference } from '../../serving/watching/reference-file.js';
import { targets } from '../../deployment/targets/index.js';
import { executionMode } from '../../engine/backends/options.js';
import type { DeployOptions } from './deploy-options.js';
import { dataFor } from '../evaluate/evaluation-subject.js';
import { classifyImages } from '../../models/classify-images.js';
import { classifyPixels } from '../../models/classify-pixels.js';
import { findDecision } from '../../evaluation/decisions/load-decision.js';
import { loadModel } from '../../models/load-model.js';
import type { Model } from '../../models/model.js';
import { isOnnx, onnxRefusal } from '../../models/onnx/settings.js';
import { startForModels } from '../../models/onnx/start.js';
import { modelWithoutLayers } from '../../models/onnx/without-layers.js';
import { TrainingVariables } from '../../models/variables.js';
import { trainingRecipe } from './training-recipe.js';

/** As many as TensorFlow's guide to quantisation asks for, and some more. */
const CALIBRATION_IMAGES = 500;

/** The result of `deploy`. */
export interface Deployment {
  target: string;
  folder: string;
  /** Its name and version in the registry, where it went there. */
  name: string | null;
  version: number | null;
  run: string;
  checkpoint: string;
  bytes: number;
  metrics: Manifest['metrics'];
  verification: Manifest['verification'];
  /** All forms of an export that has several. */
  variants?: Manifest['variants'];
  seconds: number;
}

/**
 * Stage 5: exports a trained model to a target, compares the export with the checkpoint, and publishes it only if they agree.
 *
 * @param name a checkpoint file, a run's folder or name, or `latest`
 *
 * Throws SIGNING_KEY_UNUSABLE, SECRET_EXPOSED, the errors of policies, QUALITY_GATE_NOT_MET, ENCRYPTION_REFUSED, EXPORT_UNSUPPORTED, EXPORT_DIFFERS, WORKERS_UNSUPPORTED, OUTPUT_EXISTS, AUDIT_BROKEN, FOLDER_BUSY, the errors of
 * checkpoints and storage, and what the earlier stages and `startBackend` throw.
 */
export async function deploy(
  name: string,
  options: DeployOptions,
  context: StageContext = silentContext(),
): Promise<Deployment> {
  const started = performance.now();
  const checkpoint = await readCheckpoint(await resolveCheckpoint(name, options.checkpointsDir));
  refusePlaintext(options);
  refuseOnnx(checkpoint, options);
  const destination = await destinationOf(options, checkpoint);
  const { dataset } = checkpoint.description.data;
  const data = await dataFor(checkpoint, dataset, options, context);
  warnOfUnfinished(checkpoint, context);
  return withSource(checkpoint, data, options, context, async (source) => {
    requireAccuracy(source.accuracy, options.minAccuracy);
    const to = options.to.name;
    context.emit({
      event: 'stage',
      stage: 'deploy',
      message: `deploying ${source.checkpoint.path} to ${to}`,
    });
    return withStaging(destination.parent, async (staging) => {
      const manifest = await fill(staging, source, options, context);
      context.signal.throwIfAborted();
      const published = await destination.publish(staging, manifest);
      const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
      const { metrics, verification, variants } = manifest;
      const seconds = (performance.now() - started) / 1000;
      const { run } = manifest.source;
      return {
        target: to,
        ...published,
        run,
        checkpoint: checkpoint.path,
        bytes,
        metrics,
        verification,
        ...(variants && { variants }),
        seconds,
      };
    });
  });
}

/** Throws ENCRYPTION_REFUSED for a target with files that other programs read as they are. */
function refusePlaintext({ to: { name } }: DeployOptions): void {
  if (!currentKeyring().encrypts || targets.get(name)?.isEncryptable) return;
  const encryptable = [...targets].filter((target) => target.isEncryptable).map((target) => target.name);
  throw new ToolkitError('ENCRYPTION_REFUSED', {
    reason: `--to ${name} cannot be encrypted: other programs read its files as they are`,
    hint: `choose --to ${encryptable.join(' or ')}, or decrypt the checkpoint first with "mnist keys decrypt"`,
  });
}

/** Throws EXPORT_UNSUPPORTED for a model that is an ONNX file, and a target that needs layers. */
function refuseOnnx({ description }: Checkpoint, { to: { name } }: DeployOptions): void {
  if (!isOnnx(description) || targets.get(name)?.takesOnnx) return;
  const taking = [...targets].filter(({ takesOnnx }) => takesOnnx).map((target) => `--to ${target.name}`);
  throw new ToolkitError('EXPORT_UNSUPPORTED', {
    target: name,
    reason: `${description.run} is an imported ONNX file, which has no layers to convert`,
    hint: `deploy it with ${taking.join(' or ')}`,
  });
}

/** Warns of a checkpoint that was saved before the first epoch ended. */
function warnOfUnfinished({ path, description }: Checkpoint, { emit }: StageContext): void {
  const { run, progress, origin } = description;
  if (origin || progress.history.length > 0) return;
  emit({
    event: 'warning',
    code: 'TRAINING_UNFINISHED',
    message: `${path} was saved during the first epoch, after ${progress.step} ${progress.step === 1 ? 'step' : 'steps'}`,
    hint: `continue with "mnist train --resume ${run}"`,
  });
}

/** Exports, verifies, and then writes the manifest: a folder with a manifest has been verified. */
async function fill(
  staging: string,
  source: DeploymentSource,
  { to }: DeployOptions,
  { signal }: StageContext,
): Promise<Manifest> {
  const { name, ...options } = to;
  const target = targets.get(name);
  if (!target) throw new Error(`there is no target "${name}"`);
  // The options were parsed by this very definition's schema; the union of all of them is what TypeScript sees.
  const exported: ExportedModel = await target.export(source, options as never, staging);
  try {
    signal.throwIfAborted();
    const verified = await verifyExport(name, source, exported);
    signal.throwIfAborted();
    const manifest = await describeBundle(name, staging, source, exported, verified);
    await writeManifest(staging, manifest);
    return manifest;
  } finally {
    await exported.dispose();
  }
}

async function destinationOf(options: DeployOptions, { description }: Checkpoint): Promise<Destination> {
  const { to, registryDir, name = description.data.dataset, output } = options;
  // What a key or a policy refuses is said before anything is computed.
  const key = options.signKey === undefined ? undefined : await readEcdsaKey(options.signKey);
  if (targets.get(to.name)?.destination === 'registry') {
    await new PolicyDesk(new ModelRegistry(registryDir), key).requirePublisher();
    return registryDestination(registryDir, name, key);
  }
  return folderDestination(output ?? join('deployments', `${description.run}-${to.name}`), registryDir, key);
}

async function withSource<Result>(
  checkpoint: Checkpoint,
  { train, test }: PreparedData,
  options: DeployOptions,
  context: StageContext,
  use: (source: DeploymentSource) => Promise<Result>,
): Promise<Result> {
  const decision = await findDecision(checkpoint.path, context);
  const backend = await startForModels([checkpoint], options, context);
  const how = { signal: context.signal, mode: executionMode(options) };
  const logits = await classifyImages(checkpoint, test, how);
  const classes = checkpoint.description.classNames.length;
  // What an export measures goes out with it: of training images that are private, nothing may.
  const measured = checkpoint.description.privacy ? test : train;
  const describe = async (): Promise<string> => {
    const reference = await describeTraining(measured, classes, (pixels) =>
      classifyPixels(checkpoint, pixels, how),
    );
    return encodeReference(reference, checkpoint.description.data.fingerprint);
  };
  const { model, variables } = load(checkpoint);
  try {
    return await use({
      checkpoint,
      decision,
      describeTraining: describe,
      backend,
      context,
      forward: (images) => model.apply(images, variables.values()),
      variables,
      test,
      probabilities: Float32Array.from(softmaxRows(logits, classes)),
      predictions: Uint8Array.from(classesOf(logits, classes)),
      calibration: spreadImages(measured, CALIBRATION_IMAGES),
      ...meanMetrics(logits, test.labels),
      trainingRecipe: (workers) => trainingRecipe(checkpoint, workers),
      classifyCheckpoint: async (path, images) =>
        Float32Array.from(
          softmaxRows(await classifyImages(await readCheckpoint(path), images, how), classes),
        ),
    });
  } finally {
    variables.dispose();
  }
}

function load(checkpoint: Checkpoint): { model: Model; variables: TrainingVariables } {
  const { path, description } = checkpoint;
  if (!isOnnx(description)) return loadModel(checkpoint);
  const model = modelWithoutLayers(description.model.description, () => {
    throw onnxRefusal(path);
  });
  return { model, variables: new TrainingVariables(model, [], 0) };
}
