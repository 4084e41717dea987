import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { Random } from '../../../src/core/random.js';
import { DriftDetector } from '../../../src/serving/watching/drift.js';
import {
  encodeReference,
  readReference,
  referencePath,
} from '../../../src/serving/watching/reference-file.js';
import { describeReference, type Reference } from '../../../src/serving/watching/reference.js';
import { temporaryFolder } from '../../support/folders.js';

const shape = { height: 4, width: 4, channels: 3 };
const COUNT = 300;
const SIZE = 4 * 4 * 3;

/** Noise, with a tint. */
function pictures(seed: number, [red, green, blue]: readonly [number, number, number]): Uint8Array {
  const random = new Random(seed, 'pictures');
  const tint = [red, green, blue];
  return Uint8Array.from({ length: COUNT * SIZE }, (_, index) => 80 + random.integer(80) + tint[index % 3]!);
}

function driftingOf(reference: Reference, pixels: Uint8Array): string[] {
  const detector = new DriftDetector(reference, COUNT);
  for (let at = 0; at < COUNT; at++) {
    detector.record(pixels.subarray(at * SIZE, (at + 1) * SIZE), at % 2, 0.5 + (at % 8) / 16);
  }
  return detector.measure().flatMap(({ feature, alert }) => (alert ? [feature] : []));
}

it('a tint drifts by channel, where the brightness does not', async () => {
  const classes = Int32Array.from({ length: COUNT }, (_, at) => at % 2);
  const confidences = Float32Array.from({ length: COUNT }, (_, at) => 0.5 + (at % 8) / 16);
  const made = describeReference(pictures(1, [0, 0, 0]), shape, classes, confidences, 2);
  const checkpoint = join(await temporaryFolder(), 'model.safetensors');
  await writeFile(referencePath(checkpoint), encodeReference(made, 'data'));
  const reference = (await readReference(checkpoint, 'data'))!;
  expect(driftingOf(reference, pictures(2, [0, 0, 0]))).toEqual([]);
  expect(driftingOf(reference, pictures(2, [12, 0, -12]))).toEqual(['contrast', 'red', 'blue']);

  // A reference that was made before channels were measured.
  const older = new Map([...made.features].filter(([name]) => !['red', 'green', 'blue'].includes(name)));
  await writeFile(referencePath(checkpoint), encodeReference({ ...made, features: older }, 'data'));
  const old = (await readReference(checkpoint, 'data'))!;
  expect(driftingOf(old, pictures(2, [12, 0, -12]))).toEqual(['contrast']);
});
