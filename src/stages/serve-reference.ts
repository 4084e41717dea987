import { findPrepared } from '../artifacts/prepared.js';
import { findSharded, isSharded } from '../artifacts/sharded.js';
import { silentContext } from '../core/events.js';
import { Random } from '../core/random.js';
import { pixelsPerImage } from '../engine/images.js';
import { classesOf } from '../serving/protocol/response.js';
import type { Lease } from '../serving/versions.js';
import { confidenceOf } from '../serving/watching/monitor.js';
import { describeReference, type Reference } from '../serving/watching/reference.js';
import { sampleOf } from './sample-shards.js';

/** Images of the training data that stand for all of them. */
const SAMPLE = 2000;
/** What is computed at a time: requests come between. */
const CHUNK = 32;

/**
 * Describes the data that a version was trained on, and what it makes of them: images of a seeded sample, classified by the
 * version itself. Returns the reason as a text where it cannot be done.
 */
export async function referenceFor(lease: Lease, dataDir: string): Promise<Reference | string> {
  const { data, shape, classNames } = lease.description;
  const prepared = (await findSharded(dataDir, data.dataset)) ?? (await findPrepared(dataDir, data.dataset));
  if (!prepared) return `the data set "${data.dataset}" is not prepared in ${dataDir}`;
  if (prepared.fingerprint !== data.fingerprint)
    return `"${data.dataset}" in ${dataDir} is not what the model was trained on`;
  const { train } = isSharded(prepared) ? await sampleOf(prepared, silentContext(), 1) : prepared;
  const size = pixelsPerImage(shape);
  const count = Math.min(SAMPLE, train.count);
  const random = new Random(1, 'drift-reference');
  const pixels = new Uint8Array(count * size);
  for (let row = 0; row < count; row++) {
    const index = random.integer(train.count);
    pixels.set(train.pixels.subarray(index * size, (index + 1) * size), row * size);
  }
  const logits = new Float32Array(count * classNames.length);
  for (let start = 0; start < count; start += CHUNK) {
    const end = Math.min(count, start + CHUNK);
    const part = await lease.classify(pixels.subarray(start * size, end * size), end - start, Infinity);
    logits.set(part, start * classNames.length);
  }
  const classes = classesOf(logits, classNames.length);
  const confidences = Float32Array.from({ length: count }, (_, row) =>
    confidenceOf(logits.subarray(row * classNames.length, (row + 1) * classNames.length)),
  );
  return describeReference(pixels, shape, classes, confidences, classNames.length);
}
