import { fourierTransform, type Complex } from '../../../core/numerics/fourier.js';
import type { PrivacyLoss } from './privacy-loss.js';

/** A privacy loss that occurs several times, independently. */
export interface Repeated {
  readonly loss: PrivacyLoss;
  readonly times: number;
}

/** The exponents of Chernoff's bound that are tried, for losses in multiples of the width. */
const EXPONENTS = Array.from({ length: 23 }, (_, index) => 2 ** (index - 20));

/**
 * The interval, in multiples of the width, outside of which the sum of all losses lies with a probability of at most twice `tail`.
 * Chernoff's bound: P(S ≥ s) ≤ exp(K(λ) − λs), where K is the sum's cumulant generating function.
 */
export function windowOf(parts: readonly Repeated[], tail: number): [number, number] {
  const bound = (sign: 1 | -1): number => {
    const bounds = EXPONENTS.map((exponent) => {
      const cumulant = parts.reduce(
        (sum, { loss, times }) => sum + times * logMoment(loss, sign * exponent),
        0,
      );
      return (cumulant - Math.log(tail)) / exponent;
    });
    const smallest = Math.min(...bounds.filter((value) => !Number.isNaN(value)), Infinity);
    return Math.min(smallest, farthest(parts, sign));
  };
  return [-Math.ceil(bound(-1)), Math.ceil(bound(1))];
}

/** The largest possible sum of losses, or of their negatives. */
function farthest(parts: readonly Repeated[], sign: number): number {
  return parts.reduce((sum, { loss, times }) => {
    const end = sign > 0 ? loss.first + loss.masses.length - 1 : -loss.first;
    return sum + times * end;
  }, 0);
}

/**
 * log Σ p(l)·exp(exponent·l), by Horner's rule from both ends to the mean: so it cannot underflow. Where it overflows it is infinite.
 */
function logMoment({ first, masses }: PrivacyLoss, exponent: number): number {
  const middle = meanPlace(masses);
  const ratio = Math.exp(exponent);
  let above = 0;
  for (let at = masses.length - 1; at >= middle; at--) above = above * ratio + masses[at]!;
  let below = 0;
  for (let at = 0; at < middle; at++) below = below / ratio + masses[at]!;
  return (first + middle) * exponent + Math.log(above + below / ratio);
}

function meanPlace(masses: Float64Array): number {
  let sum = 0;
  let weighted = 0;
  masses.forEach((mass, at) => {
    sum += mass;
    weighted += mass * at;
  });
  return Math.round(weighted / sum);
}

/**
 * The distribution of the sum of all losses, by the fast Fourier transform. What falls outside of the window appears inside, and is counted
 * once more as an unbounded loss; so is the error of rounding, as far as negative masses show it.
 */
export function compose(
  parts: readonly Repeated[],
  [low, high]: readonly [number, number],
  tail: number,
): PrivacyLoss {
  const size = 2 ** Math.ceil(Math.log2(Math.max(high - low + 1, 2)));
  const composed = multiply(
    parts.map(({ loss, times }) => ({ transform: transformOf(loss, size), times })),
    size,
  );
  fourierTransform(composed, true);
  const masses = new Float64Array(size);
  let negative = 0;
  for (let at = 0; at < size; at++) {
    const mass = composed.real[remainder(low + at, size)]! / size;
    if (mass > 0) masses[at] = mass;
    else negative -= mass;
  }
  const finite = parts.reduce((sum, { loss, times }) => sum + times * Math.log1p(-loss.infinite), 0);
  return { first: low, masses, infinite: -Math.expm1(finite) + 2 * tail + 2 * negative };
}

/** The Fourier transform of a distribution, folded into `size` points. */
function transformOf({ first, masses }: PrivacyLoss, size: number): Complex {
  const transform = { real: new Float64Array(size), imaginary: new Float64Array(size) };
  for (let at = 0; at < masses.length; at++) transform.real[remainder(first + at, size)]! += masses[at]!;
  fourierTransform(transform);
  return transform;
}

/** The product of powers of transforms of real numbers, of which one half determines the other. */
function multiply(factors: readonly { transform: Complex; times: number }[], size: number): Complex {
  const product = { real: new Float64Array(size), imaginary: new Float64Array(size) };
  for (let at = 0; at <= size / 2; at++) {
    let logarithm = 0;
    let angle = 0;
    for (const { transform, times } of factors) {
      const [re, im] = [transform.real[at]!, transform.imaginary[at]!];
      logarithm += times * Math.log(Math.hypot(re, im));
      angle += times * Math.atan2(im, re);
    }
    const length = Math.exp(logarithm);
    if (length === 0) continue;
    const mirrored = (size - at) % size;
    product.real[mirrored] = product.real[at] = length * Math.cos(angle);
    product.imaginary[mirrored] = -length * Math.sin(angle);
    product.imaginary[at] = length * Math.sin(angle);
  }
  return product;
}

function remainder(value: number, size: number): number {
  const rest = value % size;
  return rest < 0 ? rest + size : rest;
}
