import { binomialLaw } from './binomial.js';

/** The confidence of every bound. */
const CONFIDENCE = 0.95;
/** Fewer guesses cannot refute any ε: five right ones out of five have a probability of 3 % with ε = 0. */
const FEWEST_GUESSES = 8;
const BISECTIONS = 40;

/** Guesses about which examples a model was trained on, and how many are right. */
export interface Guesses {
  readonly guesses: number;
  readonly correct: number;
}

/** A lower bound for ε, and the guesses that it is taken from. */
export interface LowerBound extends Guesses {
  /** With 95 % confidence, the model's training was not (ε, δ)-private for any smaller ε. */
  readonly epsilon: number;
  readonly examples: number;
  readonly delta: number;
}

/**
 * The probability that (ε, δ)-private training lets someone guess so many of its examples right, at most: the p-value of theorem 5.2 of
 * Steinke, Nasr and Jagielski, “Privacy auditing with one (1) training run”, 2023.
 *
 * @param examples how many were included or left out by a fair coin, guessed or not
 */
export function guessingProbability(
  { guesses, correct }: Guesses,
  examples: number,
  epsilon: number,
  delta: number,
): number {
  const law = binomialLaw(guesses, 1 / (1 + Math.exp(-epsilon)));
  let tail = 0;
  for (let k = guesses; k >= correct; k--) tail += law[k]!;
  let below = 0;
  let steepest = 0;
  for (let k = correct - 1; k >= 0; k--) {
    below += law[k]!;
    steepest = Math.max(steepest, below / (correct - k));
  }
  return Math.min(1, tail + 2 * examples * delta * steepest);
}

/**
 * The largest ε that guesses refute with a confidence: 0 if none.
 *
 * @param confidence of this bound
 */
export function largestRefuted(
  guesses: Guesses,
  examples: number,
  delta: number,
  confidence: number = CONFIDENCE,
): number {
  const isRefuted = (epsilon: number): boolean =>
    guessingProbability(guesses, examples, epsilon, delta) < 1 - confidence;
  if (!isRefuted(0)) return 0;
  let [low, high] = [0, 1];
  while (isRefuted(high)) [low, high] = [high, 2 * high];
  for (let round = 0; round < BISECTIONS; round++) {
    const middle = (low + high) / 2;
    if (isRefuted(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * A lower bound for ε from one training run: who seems most like a member is guessed to be one, who seems least like one not to be, and the
 * rest are not guessed. Several numbers of guesses are tried, each with its share of the 5 % that may go wrong (Bonferroni), so that the
 * choice is no cheating.
 *
 * @param scores high for what seems to be a member
 * @param isMember by a fair coin for each, which the scores do not know
 */
export function auditOneRun(
  scores: readonly number[],
  isMember: readonly boolean[],
  delta: number,
): LowerBound {
  const examples = scores.length;
  const order = scores.map((_, index) => index).sort((a, b) => scores[b]! - scores[a]!);
  const tried: Guesses[] = [];
  for (let guesses = examples; guesses >= FEWEST_GUESSES; guesses = Math.floor(guesses / 2)) {
    const half = Math.floor(guesses / 2);
    const members = order.slice(0, half).filter((index) => isMember[index]).length;
    const others = order.slice(examples - half).filter((index) => !isMember[index]).length;
    tried.push({ guesses: 2 * half, correct: members + others });
  }
  const confidence = 1 - (1 - CONFIDENCE) / Math.max(tried.length, 1);
  const bounds = tried.map((guesses) => ({
    epsilon: largestRefuted(guesses, examples, delta, confidence),
    ...guesses,
    examples,
    delta,
  }));
  const none = { epsilon: 0, guesses: 0, correct: 0, examples, delta };
  return bounds.reduce<LowerBound>(
    (best, bound) => (bound.epsilon > best.epsilon ? bound : best),
    bounds[0] ?? none,
  );
}
