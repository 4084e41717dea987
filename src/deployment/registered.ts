import { dirname, join } from 'node:path';

import { writeDecision } from '../artifacts/decision.js';
import type { Signature } from '../artifacts/manifest.js';
import { versionFiles } from '../artifacts/model-registry.js';
import { readArtifact } from '../core/encryption/artifact-file.js';
import { readError, writeFileAtomically } from '../core/files.js';
import { writePredictions } from './predictions.js';
import type { DeploymentSource, ExportedModel } from './source.js';

/** Copies a checkpoint and its predictions into a folder, as the registry keeps them, and loads the copy. */
export async function copyCheckpoint(source: DeploymentSource, folder: string): Promise<ExportedModel> {
  const path = join(folder, versionFiles.checkpoint);
  await copyForServing(source, path);
  await writePredictions(join(folder, versionFiles.predictions), {
    labels: source.test.labels,
    predictions: source.predictions,
  });
  return {
    engine: `mnist-train on ${source.backend.name} ${source.backend.version}`,
    signature: byteSignature(source),
    classify: (images) => source.classifyCheckpoint(path, images),
    // Nothing is held between calls.
    dispose: () => Promise.resolve(),
  };
}

/**
 * Copies a checkpoint with the other files that the server needs: the decision rule of `calibrate` and a description of the training
 * data, for drift. Throws STORAGE_FULL or STORAGE_DENIED.
 */
export async function copyForServing(source: DeploymentSource, path: string): Promise<void> {
  const { checkpoint, decision } = source;
  const file = await readArtifact(checkpoint.path).catch((error: unknown) => {
    throw readError(error, checkpoint.path);
  });
  await writeFileAtomically(path, file);
  if (decision) await writeDecision(path, decision);
  await writeFileAtomically(join(dirname(path), versionFiles.reference), await source.describeTraining());
}

/** The signature of a model that scales its images itself: bytes in, probabilities out. */
export function byteSignature({ checkpoint }: DeploymentSource, more: Signature['outputs'] = []): Signature {
  const { shape, classNames } = checkpoint.description;
  const { height, width, channels } = shape;
  return {
    inputs: [{ name: 'images', type: 'uint8', shape: ['batch', height, width, channels] }],
    outputs: [{ name: 'probabilities', type: 'float32', shape: ['batch', classNames.length] }, ...more],
  };
}
