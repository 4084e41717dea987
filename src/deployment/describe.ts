import type { Manifest } from '../artifacts/manifest.js';
import { listFiles } from '../artifacts/manifest.js';
import { sha256OfFile } from '../core/hashing.js';
import { version } from '../core/version.js';
import type { DeploymentSource, ExportedModel } from './source.js';
import type { Verified } from './verify.js';

/** The manifest of a folder that a target has filled. */
export async function describeBundle(
  target: string,
  folder: string,
  source: DeploymentSource,
  { signature }: ExportedModel,
  { verification, exported, variants }: Verified,
): Promise<Manifest> {
  const { path, description } = source.checkpoint;
  const files = await listFiles(folder);
  const bytesOf = (file: string): number => files.find((listed) => listed.path === file)?.bytes ?? 0;
  const { run, kind, createdAt, progress, data, model, classNames, shape, preprocessing, privacy } =
    description;
  return {
    format: 'mnist-train/bundle',
    version: 1,
    toolkit: version,
    target,
    createdAt: new Date().toISOString(),
    source: {
      run,
      kind,
      step: progress.step,
      epochs: progress.history.length,
      createdAt,
      checkpoint: await sha256OfFile(path),
      dataset: data.dataset,
      fingerprint: data.fingerprint,
    },
    ...(privacy && { privacy }),
    model,
    classNames,
    shape,
    preprocessing,
    signature,
    metrics: { n: source.test.count, accuracy: source.accuracy, loss: source.loss, exported },
    verification,
    ...(variants && { variants: variants.map((variant) => ({ ...variant, bytes: bytesOf(variant.path) })) }),
    files,
  };
}
