import { epsilonOf } from './epsilon.js';
import { checkPrivacy, requireValue, type PrivacyEvent } from './privacy-event.js';
import { renyiEpsilon } from './renyi.js';

/** A private run that is planned: what it may spend, and how it samples. */
export interface NoiseRequest {
  readonly targetEpsilon: number;
  readonly delta: number;
  readonly sampleRate: number;
  readonly steps: number;
  /** What else the target includes. */
  readonly spent?: readonly PrivacyEvent[] | undefined;
}

/** How far above the smallest sufficient noise the result may be, as a share of it. */
const TOLERANCE = 1e-3;
const MOST_NOISE = 1e6;
/** How far below the noise that Rényi's bound asks for is looked. */
const MOST_SAVED = 16;

/**
 * The smallest noise multiplier, rounded up, with which the steps spend at most the target by the tighter of both bounds (`pld`).
 *
 * @throws ToolkitError USAGE if no noise is enough, or a value is out of range
 */
export function noiseFor(request: NoiseRequest): number {
  check(request);
  const { targetEpsilon, delta, sampleRate, steps, spent = [] } = request;
  const events = (noiseMultiplier: number): PrivacyEvent[] => [
    ...spent,
    { sampleRate, noiseMultiplier, steps },
  ];
  const suffices = (noise: number): boolean => epsilonOf(events(noise), delta).pld <= targetEpsilon;
  // Rényi's bound is fast and never below the other, so that its answer is an upper end.
  let high = noiseByRenyi(targetEpsilon, (noise) => renyiEpsilon(events(noise), delta));
  const least = high / MOST_SAVED;
  let low = high * 0.75;
  while (low > least && suffices(low)) [low, high] = [low * 0.75, low];
  return smallestBetween(low, high, suffices);
}

function check({ targetEpsilon, delta, sampleRate, steps, spent = [] }: NoiseRequest): void {
  checkPrivacy([...spent, { sampleRate, noiseMultiplier: 1, steps }], delta);
  requireValue('target epsilon', targetEpsilon, targetEpsilon > 0 && targetEpsilon < Infinity, 'positive');
  requireValue('sample rate', sampleRate, sampleRate > 0, 'above 0');
  requireValue('number of steps', steps, steps > 0, 'at least 1');
}

function noiseByRenyi(target: number, epsilonAt: (noise: number) => number): number {
  let low = 0;
  let high = 1;
  while (epsilonAt(high) > target) {
    [low, high] = [high, high * 2];
    requireValue(
      'target epsilon',
      target,
      high <= MOST_NOISE,
      `larger: no noise up to ${MOST_NOISE} suffices`,
    );
  }
  return smallestBetween(low, high, (noise) => epsilonAt(noise) <= target);
}

/** Halves the interval until it is small; its lower end does not suffice, its upper end does. */
function smallestBetween(low: number, high: number, suffices: (noise: number) => boolean): number {
  while (high - low > TOLERANCE * high) {
    const middle = (low + high) / 2;
    if (suffices(middle)) high = middle;
    else low = middle;
  }
  return high;
}
