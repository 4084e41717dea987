import { pldEpsilon } from './pld.js';
import { checkPrivacy, type PrivacyEvent } from './privacy-event.js';
import { renyiEpsilon } from './renyi.js';

/** What a run has spent, as two upper bounds on ε at the same δ; the smaller one holds. */
export interface Epsilons {
  /** By Rényi differential privacy. */
  readonly renyi: number;
  /** By privacy-loss distributions, which are tighter; never above `renyi`. */
  readonly pld: number;
}

/**
 * ε at δ of all steps together, for the addition or removal of one example. 0 for no steps.
 *
 * @throws ToolkitError USAGE for a δ outside (0, 1), noise that is not positive, a sample rate outside [0, 1]
 */
export function epsilonOf(events: readonly PrivacyEvent[], delta: number): Epsilons {
  checkPrivacy(events, delta);
  const renyi = renyiEpsilon(events, delta);
  // Fourier transforms have no more than 15 digits: for a tiny δ, Rényi's bound is the better one.
  return { renyi, pld: Math.min(pldEpsilon(events, delta), renyi) };
}
