import { ToolkitError } from '../../../core/errors.js';

/** Equal steps of a private run: each adds Gaussian noise to a clipped sum over a Poisson sample. */
export interface PrivacyEvent {
  /** The probability with which each example is in a step's batch. */
  readonly sampleRate: number;
  /** The standard deviation of the noise divided by the clipping norm. */
  readonly noiseMultiplier: number;
  readonly steps: number;
}

/** Throws unless ε can be computed for these events and δ. */
export function checkPrivacy(events: readonly PrivacyEvent[], delta: number): void {
  requireValue('delta', delta, delta > 0 && delta < 1, 'between 0 and 1, both excluded');
  for (const { sampleRate, noiseMultiplier, steps } of events) {
    requireValue('sample rate', sampleRate, sampleRate >= 0 && sampleRate <= 1, 'from 0 to 1');
    requireValue(
      'noise multiplier',
      noiseMultiplier,
      noiseMultiplier > 0 && noiseMultiplier < Infinity,
      'positive',
    );
    requireValue(
      'number of steps',
      steps,
      Number.isSafeInteger(steps) && steps >= 0,
      'a whole number, at least 0',
    );
  }
}

/** Throws an error of usage that names the value and what is allowed. */
export function requireValue(name: string, value: number, isAllowed: boolean, allowed: string): void {
  if (isAllowed) return;
  throw new ToolkitError('USAGE', {
    message: `privacy accounting: the ${name} is ${value}, but must be ${allowed}`,
    hint: 'see docs/privacy.md',
  });
}
