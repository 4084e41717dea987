import type { Manifest } from '../artifacts/manifest.js';
import { ToolkitError } from '../core/errors.js';
import { accuracyOf } from '../evaluation/classify.js';
import { classesOf } from '../evaluation/probabilities.js';
import { firstImages, type DeploymentSource, type ExportedModel } from './source.js';

/** How much an exported probability may differ from the checkpoint's. */
export const DIFFERENCE_BAR = 1e-5;
const IMAGES = 1000;

/** The result of comparing an export with its checkpoint. */
export type Verified = Pick<Manifest, 'verification'> & { exported: { accuracy: number } | null };

/**
 * Compares the predictions of an export with those of its checkpoint: the probabilities of 1,000 test images and, where the export is
 * not exact, its accuracy on all test images. Throws EXPORT_DIFFERS.
 */
export async function verifyExport(
  target: string,
  source: DeploymentSource,
  exported: ExportedModel,
): Promise<Verified> {
  const { accuracyLoss, engine } = exported;
  const images = firstImages(source.test, accuracyLoss === undefined ? IMAGES : source.test.count);
  const probabilities = await exported.classify(images);
  const compared = Math.min(IMAGES, images.count);
  const largestDifference = maximumDifference(probabilities, source, compared);
  const bar = accuracyLoss === undefined ? DIFFERENCE_BAR : null;
  const verification = { engine, images: compared, largestDifference, bar };
  // Written so that NaN is refused as well.
  if (bar !== null && !(largestDifference < bar)) {
    const difference = `its probabilities differ by up to ${largestDifference.toPrecision(3)}`;
    throw new ToolkitError('EXPORT_DIFFERS', { target, difference, bar: String(bar) });
  }
  if (accuracyLoss === undefined) return { verification, exported: null };
  const predicted = classesOf(probabilities, probabilities.length / images.count);
  const accuracy = accuracyOf(predicted, images.labels);
  const lost = 100 * (source.accuracy - accuracy);
  if (!(lost < accuracyLoss)) {
    const difference = `it loses ${lost.toFixed(2)} points of accuracy`;
    throw new ToolkitError('EXPORT_DIFFERS', { target, difference, bar: String(accuracyLoss) });
  }
  return { verification, exported: { accuracy } };
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
