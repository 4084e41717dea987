import { checkPrivacy, requireValue } from './privacy-event.js';
import { renyiEpsilon } from './renyi.js';

/** A private run that is planned: what it may spend, and how it samples. */
export interface NoiseRequest {
  readonly targetEpsilon: number;
  readonly delta: number;
  readonly sampleRate: number;
  readonly steps: number;
}

/** How far above the smallest sufficient noise the result may be. */
const TOLERANCE = 1e-4;
const MOST_NOISE = 1e6;

/**
 * The smallest noise multiplier with which the steps spend at most the target, rounded up.
 *
 * @throws ToolkitError USAGE if no noise is enough, or a value is out of range
 */
export function noiseFor({ targetEpsilon, delta, sampleRate, steps }: NoiseRequest): number {
  checkPrivacy([{ sampleRate, noiseMultiplier: 1, steps }], delta);
  requireValue('target epsilon', targetEpsilon, targetEpsilon > 0 && targetEpsilon < Infinity, 'positive');
  const isEnough = (noiseMultiplier: number): boolean =>
    renyiEpsilon([{ sampleRate, noiseMultiplier, steps }], delta) <= targetEpsilon;
  let low = 0;
  let high = 1;
  while (!isEnough(high)) {
    low = high;
    high *= 2;
    requireValue(
      'target epsilon',
      targetEpsilon,
      high <= MOST_NOISE,
      `larger: no noise up to ${MOST_NOISE} is enough`,
    );
  }
  while (high - low > TOLERANCE * high) {
    const middle = (low + high) / 2;
    if (isEnough(middle)) high = middle;
    else low = middle;
  }
  return high;
}
