import type { PrivacyAccount } from '../../artifacts/privacy.js';
import { epsilonOf, type PrivacyEvent } from './accounting/index.js';

/** What the account of a run depends on beside its steps. */
export type PrivacyTerms = Omit<PrivacyAccount, 'epsilon' | 'renyi' | 'steps'>;

/** Keeps the account of a run: what all steps so far have spent. */
export class PrivacyLedger {
  readonly terms: PrivacyTerms;
  #latest: PrivacyAccount | undefined;

  constructor(terms: PrivacyTerms) {
    this.terms = terms;
  }

  /** The account after so many steps of the run. */
  after(steps: number): PrivacyAccount {
    // Both checkpoints of an epoch ask for the same.
    if (this.#latest?.steps === steps) return this.#latest;
    const { terms } = this;
    const { pld, renyi } = epsilonOf(eventsOf({ ...terms, steps }), terms.delta);
    const [epsilon, other] = [pld, renyi].map((bound) => (Number.isFinite(bound) ? bound : null)) as [
      number | null,
      number | null,
    ];
    this.#latest = { epsilon, renyi: other, steps, ...terms };
    return this.#latest;
  }

  /** The largest number of epochs of so many batches, up to `most`, with which ε is at most `limit`. */
  epochsWithin(limit: number, most: number, batches: number): number {
    const fits = (epochs: number): boolean => (this.after(epochs * batches).epsilon ?? Infinity) <= limit;
    if (fits(most)) return most;
    // Of these, the first fits (nothing was spent), the second does not.
    let [low, high] = [0, most];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (fits(middle)) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** All steps of an account. */
export function eventsOf({
  inherited,
  sampleRate,
  noiseMultiplier,
  steps,
}: Pick<PrivacyAccount, 'inherited' | 'sampleRate' | 'noiseMultiplier' | 'steps'>): PrivacyEvent[] {
  return [...inherited, { sampleRate, noiseMultiplier, steps }].filter((event) => event.steps > 0);
}
