import { erfc, scaledErfc } from '../../../core/numerics/error-function.js';
import type { PrivacyEvent } from './privacy-event.js';

/** Opacus's orders, and some for very large and very small budgets. */
const ORDERS: readonly number[] = [
  ...[1.001, 1.002, 1.005, 1.01, 1.02, 1.05],
  ...Array.from({ length: 99 }, (_, index) => 1 + (index + 1) / 10),
  ...Array.from({ length: 53 }, (_, index) => index + 11),
  ...[64, 80, 96, 128, 192, 256, 384, 512, 768, 1024],
];
/** Terms below exp(−30) no longer change a sum that is at least 1. */
const SMALLEST_LOGARITHM = -30;
const MOST_TERMS = 1_000_000;

/**
 * ε at δ by Rényi differential privacy, for the addition or removal of one example: an upper bound.
 *
 * Mironov, Talwar and Zhang, “Rényi differential privacy of the sampled Gaussian mechanism”, 2019; the conversion is theorem 21 of
 * Balle et al., “Hypothesis testing interpretations and Rényi differential privacy”, 2020. Both as in Opacus.
 */
export function renyiEpsilon(events: readonly PrivacyEvent[], delta: number): number {
  const effective = events.filter(({ sampleRate, steps }) => sampleRate > 0 && steps > 0);
  if (effective.length === 0) return 0;
  const bound = smallestOver(
    effective,
    (order) => Math.log1p(-1 / order) - (Math.log(delta) + Math.log(order)) / (order - 1),
  );
  return Math.max(0, bound);
}

/** A bound that the privacy loss of all steps together exceeds with a probability of at most `tail` (Chernoff). */
export function lossBound(events: readonly PrivacyEvent[], tail: number): number {
  return smallestOver(events, (order) => -Math.log(tail) / (order - 1));
}

/** The smallest sum of divergence and another term, over all orders. */
function smallestOver(events: readonly PrivacyEvent[], addend: (order: number) => number): number {
  const sums = ORDERS.map((order) =>
    events.reduce((sum, event) => sum + event.steps * renyiDivergence(event, order), addend(order)),
  );
  // An order whose divergence overflows says nothing, and the others still do.
  return Math.min(...sums.filter((sum) => !Number.isNaN(sum)), Infinity);
}

/** The Rényi divergence of one step, of an order above 1. */
function renyiDivergence(
  { sampleRate: q, noiseMultiplier: sigma }: Omit<PrivacyEvent, 'steps'>,
  order: number,
): number {
  if (q === 0) return 0;
  if (q === 1) return order / (2 * sigma * sigma);
  const logMoment = Number.isInteger(order)
    ? wholeMoment(q, sigma, order)
    : fractionalMoment(q, sigma, order);
  return Math.max(0, logMoment) / (order - 1);
}

/** log A(α) for a whole order: the binomial sum (section 3.3 of Mironov, Talwar and Zhang). */
function wholeMoment(q: number, sigma: number, order: number): number {
  const terms: number[] = [];
  let logBinomial = 0;
  for (let k = 0; k <= order; k++) {
    const exponent = (k * (k - 1)) / (2 * sigma * sigma);
    terms.push(logBinomial + k * Math.log(q) + (order - k) * Math.log1p(-q) + exponent);
    logBinomial += Math.log(order - k) - Math.log(k + 1);
  }
  const largest = Math.max(...terms);
  return largest + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - largest), 0));
}

/**
 * log A(α) for a fractional order: two alternating series, for noise below and above the point z₀ at which both densities are equal. What
 * cancels between q^k(1 − q)^(α−k)·exp((k² − k)/2σ²) and the error function's decay is left out of both, which keeps the terms precise.
 */
function fractionalMoment(q: number, sigma: number, order: number): number {
  const logOdds = Math.log1p(-q) - Math.log(q);
  const z0 = sigma * sigma * logOdds + 0.5;
  const atEquality = order * Math.log1p(-q) - (z0 / sigma) ** 2 / 2;
  const term = (power: number, distance: number): number => {
    const x = distance / (Math.SQRT2 * sigma);
    if (x >= 0) return atEquality + Math.log(scaledErfc(x) / 2);
    const exponent = (power * (power - 1)) / (2 * sigma * sigma);
    return power * Math.log(q) + (order - power) * Math.log1p(-q) + exponent + Math.log(erfc(x) / 2);
  };
  const sum = new SignedSum();
  let logBinomial = 0;
  let sign = 1;
  for (let k = 0; k < MOST_TERMS; k++) {
    const rest = order - k;
    const below = logBinomial + term(k, k - z0);
    const above = logBinomial + term(rest, z0 - rest);
    sum.add(sign, below);
    sum.add(sign, above);
    if (k > order && Math.max(below, above) < SMALLEST_LOGARITHM) return sum.logarithm;
    sign *= Math.sign(rest);
    logBinomial += Math.log(Math.abs(rest)) - Math.log(k + 1);
  }
  return Infinity;
}

/** A sum of terms given by sign and logarithm. */
class SignedSum {
  #scale = -Infinity;
  #sum = 0;

  add(sign: number, logarithm: number): void {
    if (logarithm > this.#scale) {
      this.#sum *= Math.exp(this.#scale - logarithm);
      this.#scale = logarithm;
    }
    this.#sum += sign * Math.exp(logarithm - this.#scale);
  }

  get logarithm(): number {
    return this.#scale + Math.log(this.#sum);
  }
}
