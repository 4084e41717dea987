import { compose, windowOf, type Repeated } from './compose.js';
import { pointsOf, privacyLossOf, type Adjacency, type PrivacyLoss } from './privacy-loss.js';
import type { PrivacyEvent } from './privacy-event.js';
import { lossBound } from './renyi.js';

/** How fine the grid is for the sum of all losses, and for those of a single step. */
const USUAL_POINTS = 2 ** 13;
const POINTS_PER_DEVIATION = 8;
const MOST_POINTS = 2 ** 20;
/** The probability outside of the window of losses that are computed. */
const LARGEST_TAIL = 1e-15;

/**
 * ε at δ by privacy-loss distributions, the larger of both directions: an upper bound, infinite where δ is too small to be computed.
 *
 * Koskela, Jälkö and Honkela, “Computing tight differential privacy guarantees using FFT”, 2020; Google's dp-accounting works alike.
 */
export function pldEpsilon(events: readonly PrivacyEvent[], delta: number): number {
  const effective = events.filter(({ sampleRate, steps }) => sampleRate > 0 && steps > 0);
  if (effective.length === 0) return 0;
  // With every example in every batch both directions are the same.
  const isSymmetric = effective.every(({ sampleRate }) => sampleRate === 1);
  const directions: Adjacency[] = isSymmetric ? ['remove'] : ['remove', 'add'];
  return Math.max(...directions.map((adjacency) => epsilonInDirection(effective, adjacency, delta)));
}

function epsilonInDirection(events: readonly PrivacyEvent[], adjacency: Adjacency, delta: number): number {
  const tail = Math.min(LARGEST_TAIL, delta / 1000);
  for (let width = firstWidth(events, tail); Number.isFinite(width); width *= 2) {
    if (events.some((event) => pointsOf(event, width) > MOST_POINTS)) continue;
    const parts = events.map((event): Repeated => ({
      loss: privacyLossOf(event, adjacency, width),
      times: event.steps,
    }));
    const window = windowOf(parts, tail);
    if (window[1] - window[0] >= MOST_POINTS) continue;
    return epsilonAt(compose(parts, window, tail), width, delta);
  }
  return Infinity;
}

/**
 * A width that suits the sum of all losses, but fine enough for those of a single step, whose rounding would otherwise add to the variance
 * of the sum; and coarse enough for all to fit, as far as can be told in advance. A power of two: grids are nested and losses exact.
 */
function firstWidth(events: readonly PrivacyEvent[], tail: number): number {
  let deviations = 0;
  let variances = 0;
  for (const { sampleRate, noiseMultiplier: sigma, steps } of events) {
    // By the likelihood ratio's variance, which overflows with hardly any noise, or by the range of the loss.
    const deviation = Math.min(sampleRate * Math.sqrt(Math.expm1(sigma ** -2)), 1 / sigma + sigma ** -2);
    deviations += steps * deviation;
    variances += steps * deviation ** 2;
  }
  const bound = lossBound(events, tail);
  const forOneStep = variances / deviations / POINTS_PER_DEVIATION || Number.MIN_VALUE;
  const width = Math.max(Math.min(forOneStep, bound / USUAL_POINTS), bound / MOST_POINTS);
  return 2 ** Math.floor(Math.log2(width));
}

/** The smallest ε ≥ 0 with δ(ε) = P(∞) + Σ (1 − exp(ε − l))·P(l) over losses l > ε at most δ. */
function epsilonAt({ first, masses, infinite }: PrivacyLoss, width: number, delta: number): number {
  if (infinite > delta) return Infinity;
  // Of the losses above the current one: P's mass, and Q's times exp(the current loss).
  let above = infinite;
  let scaled = 0;
  const shrink = Math.exp(-width);
  for (let at = masses.length - 1; at >= 0; at--) {
    const loss = (first + at) * width;
    if (above - scaled * shrink > delta)
      return Math.max(0, loss + width + Math.log((above - delta) / scaled));
    scaled = scaled * shrink + masses[at]!;
    above += masses[at]!;
  }
  return 0;
}
