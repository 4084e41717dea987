import { findPrepared } from '../../artifacts/prepared.js';
import { findSharded, isSharded } from '../../artifacts/sharded.js';
import { silentContext } from '../../core/events.js';
import { pixelsPerImage } from '../../core/images.js';
import type { Lease } from '../versions.js';
import { describeTraining } from './describe-training.js';
import { readReference } from './reference-file.js';
import type { Reference } from './reference.js';
import { sampleOf } from '../../data/preparation/sample-shards.js';

/** Images that are classified at a time, so that requests come between. */
const CHUNK = 32;

/**
 * The reference that drift is measured against: as `deploy` wrote it beside the checkpoint, or else from the prepared data that the
 * version was trained on, classified by the version itself. Returns the reason as a text where there is neither. Throws MODEL_CORRUPT and what reading throws.
 *
 * @param checkpoint the version's file
 */
export async function referenceFor(
  lease: Lease,
  checkpoint: string,
  dataDir: string,
): Promise<Reference | string> {
  const { data, shape, classNames, origin, privacy } = lease.description;
  const stored = await readReference(checkpoint, data.fingerprint);
  if (stored) return stored;
  const prepared = (await findSharded(dataDir, data.dataset)) ?? (await findPrepared(dataDir, data.dataset));
  if (!prepared) return `the data set "${data.dataset}" is not prepared in ${dataDir}`;
  // An imported model is compared with the data that it is said to be for.
  if (!origin && prepared.fingerprint !== data.fingerprint)
    return `"${data.dataset}" in ${dataDir} is not what the model was trained on`;
  const { train, test } = isSharded(prepared) ? await sampleOf(prepared, silentContext(), 1) : prepared;
  const size = pixelsPerImage(shape);
  // What is shown of drift would tell of training images that are private.
  return describeTraining(privacy ? test : train, classNames.length, async (pixels, count) => {
    const logits = new Float32Array(count * classNames.length);
    for (let start = 0; start < count; start += CHUNK) {
      const end = Math.min(count, start + CHUNK);
      const part = await lease.classify(pixels.subarray(start * size, end * size), end - start, Infinity);
      logits.set(part, start * classNames.length);
    }
    return logits;
  });
}
