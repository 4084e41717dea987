import type { Deployment } from '../../../stages/deploy/deploy.js';
import { cleanDeep } from '../clean.js';
import { bytes, columns, count, duration, percent } from '../format.js';
import type { Style } from '../style.js';

/** A deployment and its comparison with the checkpoint, for people. */
export function deploymentText(given: Deployment, { bold }: Style): string {
  const deployment = cleanDeep(given);
  const { target, folder, name, version, run, metrics, verification, seconds } = deployment;
  const title =
    version === null ? `${run} as ${target}` : `${run} as ${name ?? ''} version ${version} (candidate)`;
  return [
    bold(title),
    columns([
      ['folder', folder],
      ['size', bytes(deployment.bytes)],
      ['accuracy', `${percent(metrics.accuracy)}${exportedText(metrics)} on ${count(metrics.n)} test images`],
      ['verified', comparisonText(verification)],
      ...(deployment.variants ?? []).map((variant) => [variant.name, variantText(variant)] as const),
      ['time', duration(seconds)],
      ...(version === null ? [] : [['next', `mnist registry promote ${name ?? ''}`]]),
    ]),
  ].join('\n');
}

function exportedText({ exported }: Deployment['metrics']): string {
  return exported === null ? '' : `, exported ${percent(exported.accuracy)},`;
}

function variantText(variant: NonNullable<Deployment['variants']>[number]): string {
  const { accuracy, checkpointAccuracy, largestDifference, images } = variant;
  const compared = `accuracy ${percent(accuracy)} (checkpoint ${percent(checkpointAccuracy)}) on ${count(images)} test images`;
  return `${bytes(variant.bytes)}, ${compared}, largest difference ${largestDifference.toPrecision(2)}`;
}

function comparisonText({ engine, images, largestDifference, bar }: Deployment['verification']): string {
  const allowed = bar === null ? '' : ` (allowed: below ${bar})`;
  const difference = largestDifference === 0 ? 'none' : largestDifference.toPrecision(2);
  return `largest probability difference in ${engine}: ${difference}${allowed}, ${count(images)} images`;
}
