import type { EpochSource } from './epoch-source.js';
import type { Optimizer } from './optimizers/optimizer.js';
import { stepCoefficients } from './step.js';

/** The learning rates that are tested: those of fastai's `lr_find`, which no optimizer's usual ones lie outside of. */
const [LOWEST, HIGHEST] = [1e-7, 10];
const STEPS = 100;
/** The weight of what was before in the smoothed loss. */
const SMOOTHING = 0.98;
/** Training has diverged when the smoothed loss is so many times the lowest. */
const DIVERGED = 4;
/** What the suggestion leaves out: the first tenth, in which the smoothed loss is made of few, and the last steps. */
const [FIRST_STEPS, LAST_STEPS] = [STEPS / 10, 5];

/** How far the smoothed loss has to fall for a suggestion: less is the noise of batches. */
const LEAST_FALL = 0.02;

/** A step of the test. */
export interface TestedRate {
  learningRate: number;
  /** The loss of its batch, before the step. */
  loss: number;
  /** The exponential moving average of the losses up to it. */
  smoothedLoss: number;
}

/** What a range test shows. */
export interface RangeTest {
  rates: TestedRate[];
  /** Whether the loss grew so far that the test ended early. */
  diverged: boolean;
  /** Null where no rate has lowered the smoothed loss by 2 %. */
  suggested: number | null;
}

/** The learning rate of a step, from 0: they grow exponentially. */
export function testedRate(step: number): number {
  return LOWEST * (HIGHEST / LOWEST) ** (step / (STEPS - 1));
}

/**
 * The learning rate range test (Smith, "Cyclical learning rates for training neural networks", 2017) as fastai's `lr_find` does it: trains with
 * rates that grow from step to step, until the loss explodes. Throws the errors of the source, or the signal's reason.
 *
 * @param onSteps is told how many steps have been done
 */
export async function rangeTest(
  source: EpochSource,
  optimizer: Optimizer,
  signal: AbortSignal,
  onSteps: (done: number, total: number) => void,
): Promise<RangeTest> {
  const losses: number[] = [];
  for (let epoch = 1; losses.length < STEPS && !isOver(losses); epoch++) {
    const end = new AbortController();
    const before = losses.length;
    await source.run(epoch, {
      firstBatch: 0,
      coefficients: (batch) => stepCoefficients(optimizer, before + batch + 1, testedRate(before + batch)),
      signal: AbortSignal.any([signal, end.signal]),
      onSlice: (slice) => {
        losses.push(...slice.losses);
        onSteps(Math.min(losses.length, STEPS), STEPS);
        if (losses.length >= STEPS || isOver(losses)) end.abort();
      },
    });
    signal.throwIfAborted();
  }
  return judged(losses.slice(0, STEPS));
}

function isOver(losses: readonly number[]): boolean {
  return judged(losses).diverged;
}

/** The test that some losses make, up to the step in which training has diverged. */
export function judged(losses: readonly number[]): RangeTest {
  const rates: TestedRate[] = [];
  let [average, lowest] = [0, Infinity];
  for (const [step, loss] of losses.entries()) {
    if (!Number.isFinite(loss)) return { rates, diverged: true, suggested: suggestion(rates) };
    average = SMOOTHING * average + (1 - SMOOTHING) * loss;
    // Without the part of the zero that it began with.
    const smoothedLoss = average / (1 - SMOOTHING ** (step + 1));
    rates.push({ learningRate: testedRate(step), loss, smoothedLoss });
    lowest = Math.min(lowest, smoothedLoss);
    if (smoothedLoss > DIVERGED * lowest) return { rates, diverged: true, suggested: suggestion(rates) };
  }
  return { rates, diverged: false, suggested: suggestion(rates) };
}

function suggestion(rates: readonly TestedRate[]): number | null {
  const judgedRates = rates.slice(FIRST_STEPS, -LAST_STEPS);
  const losses = judgedRates.map(({ smoothedLoss }) => smoothedLoss);
  const at = valley(losses);
  const isLowered = Math.min(...losses) < (1 - LEAST_FALL) * losses[0]!;
  return at === undefined || !isLowered ? null : Number(judgedRates[at]!.learningRate.toPrecision(2));
}

/**
 * Where fastai's `valley` suggests a learning rate: half-way in the middle third of the longest sequence of losses, not necessarily
 * neighbours, of which each is lower than the one before. Undefined where no loss is lower than one before it.
 */
export function valley(losses: readonly number[]): number | undefined {
  const lengths = losses.map(() => 1);
  let end = 0;
  for (let at = 1; at < losses.length; at++) {
    for (let before = 0; before < at; before++) {
      if (losses[at]! < losses[before]!) lengths[at] = Math.max(lengths[at]!, lengths[before]! + 1);
    }
    if (lengths[at]! > lengths[end]!) end = at;
  }
  const length = lengths[end] ?? 1;
  if (length === 1) return undefined;
  const third = length / 3;
  return Math.max(0, end - length + Math.trunc(third) + Math.trunc(third / 2));
}
