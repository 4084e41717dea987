import type { Manifest } from '../artifacts/manifest.js';
import { ToolkitError } from '../core/errors.js';
import type { LabelledImages } from '../core/images.js';
import { accuracyOf } from '../evaluation/classify.js';
import { classesOf } from '../evaluation/probabilities.js';
import { firstImages, type DeploymentSource, type ExportedModel, type ExportedVariant } from './source.js';

/** How much an exported probability may differ from the checkpoint's. */
export const DIFFERENCE_BAR = 1e-5;
const IMAGES = 1000;

/** The result of comparing an export with its checkpoint. */
export type Verified = Pick<Manifest, 'verification'> & {
  exported: { accuracy: number } | null;
  variants?: Omit<NonNullable<Manifest['variants']>[number], 'bytes'>[];
};

/**
 * Compares the predictions of an export with those of its checkpoint: the probabilities of 1,000 test images and, where the export is
 * not exact, its accuracy on all test images. Of an export in several forms, each is compared on 1,000 images. Throws EXPORT_DIFFERS.
 */
export async function verifyExport(
  target: string,
  source: DeploymentSource,
  exported: ExportedModel,
): Promise<Verified> {
  if (exported.variants) return verifyVariants(target, source, exported, exported.variants);
  const { accuracyLoss, engine } = exported;
  const images = firstImages(source.test, accuracyLoss === undefined ? IMAGES : source.test.count);
  const probabilities = await exported.classify(images);
  const compared = Math.min(IMAGES, images.count);
  const largestDifference = maximumDifference(probabilities, source, compared);
  const bar = accuracyLoss === undefined ? DIFFERENCE_BAR : null;
  const verification = { engine, images: compared, largestDifference, bar };
  if (accuracyLoss === undefined) {
    requireEqual(target, largestDifference);
    return { verification, exported: null };
  }
  const accuracy = accuracyIn(probabilities, images);
  requireAccurate(target, accuracy, source.accuracy, accuracyLoss);
  return { verification, exported: { accuracy } };
}

async function verifyVariants(
  target: string,
  source: DeploymentSource,
  { engine }: ExportedModel,
  variants: readonly ExportedVariant[],
): Promise<Verified> {
  const images = firstImages(source.test, IMAGES);
  const { count } = images;
  const checkpointAccuracy = accuracyOf(source.predictions.subarray(0, count), images.labels);
  const compared: NonNullable<Verified['variants']> = [];
  for (const variant of variants) {
    const { name, path, accuracyLoss } = variant;
    const probabilities = await variant.classify(images);
    const largestDifference = maximumDifference(probabilities, source, count);
    const accuracy = accuracyIn(probabilities, images);
    if (accuracyLoss === undefined) requireEqual(`${target} (${name})`, largestDifference);
    else requireAccurate(`${target} (${name})`, accuracy, checkpointAccuracy, accuracyLoss);
    compared.push({ name, path, images: count, accuracy, checkpointAccuracy, largestDifference });
  }
  const { largestDifference, accuracy } = compared[0]!;
  const isExact = variants[0]!.accuracyLoss === undefined;
  const verification = { engine, images: count, largestDifference, bar: isExact ? DIFFERENCE_BAR : null };
  return { verification, exported: isExact ? null : { accuracy }, variants: compared };
}

function accuracyIn(probabilities: Float32Array, { count, labels }: LabelledImages): number {
  return accuracyOf(classesOf(probabilities, probabilities.length / count), labels);
}

// Both are written so that NaN is refused as well.

function requireEqual(target: string, largestDifference: number): void {
  if (largestDifference < DIFFERENCE_BAR) return;
  const difference = `its probabilities differ by up to ${largestDifference.toPrecision(3)}`;
  throw new ToolkitError('EXPORT_DIFFERS', { target, difference, bar: String(DIFFERENCE_BAR) });
}

function requireAccurate(target: string, accuracy: number, original: number, allowed: number): void {
  const lost = 100 * (original - accuracy);
  if (lost < allowed) return;
  const difference = `it loses ${lost.toFixed(2)} points of accuracy`;
  throw new ToolkitError('EXPORT_DIFFERS', { target, difference, bar: String(allowed) });
}

function maximumDifference(
  theirs: Float32Array,
  { probabilities, test }: DeploymentSource,
  images: number,
): number {
  const classes = probabilities.length / test.count;
  if (theirs.length < images * classes) return NaN;
  let most = 0;
  for (let index = 0; index < images * classes; index++) {
    const difference = Math.abs(theirs[index]! - probabilities[index]!);
    // A single NaN makes the export useless, whatever the other numbers are.
    if (Number.isNaN(difference)) return NaN;
    most = Math.max(most, difference);
  }
  return most;
}
