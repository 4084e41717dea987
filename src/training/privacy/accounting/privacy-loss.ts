import { normalBetween, normalPlace, type NormalPlace } from '../../../core/numerics/error-function.js';
import type { PrivacyEvent } from './privacy-event.js';

/** Whether the differing example is in the data that P is about (`remove`) or in that of Q (`add`). */
export type Adjacency = 'remove' | 'add';

/** The distribution of the privacy loss log P/Q under P, on multiples of a step width. */
export interface PrivacyLoss {
  /** masses[i] lies at the loss (first + i)·width. */
  readonly first: number;
  readonly masses: Float64Array;
  /** The probability that the loss is unbounded. */
  readonly infinite: number;
}

type Step = Pick<PrivacyEvent, 'sampleRate' | 'noiseMultiplier'>;

/** Noise further out counts as an unbounded loss; a normal variable is there with probability 8e-24. */
const TAIL = 10;
/** Above this loss the probability under Q is no longer precise. */
const LARGEST_EXPONENT = 600;

/** How many points `privacyLossOf` needs. */
export function pointsOf(step: Step, width: number): number {
  const [lowest, highest] = rangeOf(step);
  return Math.ceil(highest / width) - Math.floor(lowest / width) + 1;
}

/**
 * The privacy loss of one step, discretised pessimistically: the probability of each cell, under P and Q both, is divided between the
 * cell's two ends. The result's hockey-stick divergence is exact on the grid and never too small between (“connect the dots”: Doroshenko,
 * Ghazi, Kamath, Kumar and Manurangsi, 2022).
 */
export function privacyLossOf(step: Step, adjacency: Adjacency, width: number): PrivacyLoss {
  const [lowest, highest] = adjacency === 'remove' ? rangeOf(step) : negated(rangeOf(step));
  const first = Math.floor(lowest / width);
  const masses = new Float64Array(Math.ceil(highest / width) - first + 1);
  const boundaryAt = boundariesOf(step, adjacency);
  const probabilities = adjacency === 'remove' ? cellOfRemoval : cellOfAddition;
  let left = boundaryAt(first * width);
  // Losses below the range are rounded up to its lower end, those above count as unbounded.
  masses[0] = probabilities(step, boundaryAt(-Infinity), left).p;
  const shareOfUpper = -Math.expm1(-width);
  for (let at = 0; at + 1 < masses.length; at++) {
    const loss = (first + at) * width;
    const right = boundaryAt(loss + width);
    const { p, q } = probabilities(step, left, right);
    const excess = (p - q * Math.exp(loss)) / shareOfUpper;
    const upper = loss < LARGEST_EXPONENT ? Math.min(Math.max(excess, 0), p) : p;
    masses[at]! += p - upper;
    masses[at + 1]! += upper;
    left = right;
  }
  return { first, masses, infinite: probabilities(step, left, boundaryAt(Infinity)).p };
}

/** The loss at both ends of the noise that is looked at. */
function rangeOf({ sampleRate: q, noiseMultiplier: sigma }: Step): [lowest: number, highest: number] {
  const lossAt = (x: number): number => {
    const exponent = (2 * x - 1) / (2 * sigma * sigma);
    if (q === 1) return exponent;
    return exponent > LARGEST_EXPONENT
      ? exponent + Math.log(q + (1 - q) * Math.exp(-exponent))
      : Math.log1p(q * Math.expm1(exponent));
  };
  return [lossAt(-TAIL * sigma), lossAt(1 + TAIL * sigma)];
}

function negated([lowest, highest]: [number, number]): [number, number] {
  return [-highest, -lowest];
}

/** Where a loss is on the distributions of the noise without and with the example. */
interface Boundary {
  readonly without: NormalPlace;
  readonly withExample: NormalPlace;
}

function boundariesOf(step: Step, adjacency: Adjacency): (loss: number) => Boundary {
  const noiseAt = noiseOf(step);
  const sign = adjacency === 'remove' ? 1 : -1;
  return (loss) => {
    const noise = noiseAt(sign * loss);
    return {
      without: normalPlace(noise / step.noiseMultiplier),
      withExample: normalPlace((noise - 1) / step.noiseMultiplier),
    };
  };
}

/** The probabilities of a cell of losses. P: the mixture (1 − q)·N(0, σ²) + q·N(1, σ²); Q: N(0, σ²). */
function cellOfRemoval(
  { sampleRate }: Step,
  left: Boundary,
  right: Boundary,
): { readonly p: number; readonly q: number } {
  const without = normalBetween(left.without, right.without);
  const withExample = normalBetween(left.withExample, right.withExample);
  return { p: (1 - sampleRate) * without + sampleRate * withExample, q: without };
}

/** P and Q exchanged: the loss has the opposite sign, so that more noise is less of it. */
function cellOfAddition(
  step: Step,
  left: Boundary,
  right: Boundary,
): { readonly p: number; readonly q: number } {
  const { p, q } = cellOfRemoval(step, right, left);
  return { p: q, q: p };
}

/** The noise at which `remove` has a loss: the inverse of log(1 − q + q·exp((2x − 1)/2σ²)). */
function noiseOf({ sampleRate: q, noiseMultiplier: sigma }: Step): (loss: number) => number {
  if (q === 1) return (loss) => sigma * sigma * loss + 0.5;
  return (loss) => {
    const exponent =
      loss > 1
        ? loss + Math.log1p(-(1 - q) * Math.exp(-loss)) - Math.log(q)
        : Math.log1p(Math.max(Math.expm1(loss) / q, -1));
    return sigma * sigma * exponent + 0.5;
  };
}
