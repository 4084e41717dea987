import type { SearchSettings } from './settings.js';

/** A stage of successive halving: so many trials are trained until they have had so many epochs. */
export interface Rung {
  trials: number;
  epochs: number;
}

/** Trials that are judged against each other, and how few of them go on from rung to rung. */
export type Bracket = readonly Rung[];

type Plan = Pick<SearchSettings, 'strategy' | 'trials' | 'minEpochs' | 'maxEpochs' | 'reductionFactor'>;

/** What a search trains, in order: every trial of a bracket's first rung is a new one. */
export function planBrackets({ strategy, trials = 1, ...plan }: Plan): Bracket[] {
  switch (strategy) {
    case 'random':
      return [[{ trials, epochs: plan.maxEpochs }]];
    case 'successive-halving':
      return [successiveHalving(trials, plan)];
    case 'hyperband':
      return hyperband(plan);
  }
}

/**
 * Successive halving (Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", 2016,
 * with η in place of 2): all trials get few epochs, one in η of them η times as many, and so on up to the most epochs or until
 * one is left, which gets the most as well.
 */
function successiveHalving(
  trials: number,
  { minEpochs, maxEpochs, reductionFactor: eta }: Omit<Plan, 'strategy' | 'trials'>,
): Bracket {
  const rungs: Rung[] = [];
  for (let rung = 0; ; rung++) {
    const alive = Math.max(1, Math.floor(trials / eta ** rung));
    const epochs = Math.min(maxEpochs, Math.round(minEpochs * eta ** rung));
    const isLast = epochs === maxEpochs || alive === 1;
    rungs.push({ trials: alive, epochs: isLast ? maxEpochs : epochs });
    if (isLast) return rungs;
  }
}

/**
 * Hyperband (Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar, "Hyperband: a novel bandit-based approach to hyperparameter
 * optimization", 2018, algorithm 1): brackets of successive halving, from many trials with few epochs to few trials with all,
 * which cost about the same. R is `maxEpochs` over `minEpochs`.
 */
function hyperband({
  minEpochs,
  maxEpochs,
  reductionFactor: eta,
}: Omit<Plan, 'strategy' | 'trials'>): Bracket[] {
  const halvings = wholeLogarithm(maxEpochs / minEpochs, eta);
  return Array.from({ length: halvings + 1 }, (_, index) => {
    const s = halvings - index;
    const trials = Math.ceil(((halvings + 1) / (s + 1)) * eta ** s);
    return Array.from({ length: s + 1 }, (__, rung) => ({
      trials: Math.max(1, Math.floor(trials / eta ** rung)),
      epochs: Math.max(1, Math.round(maxEpochs / eta ** (s - rung))),
    }));
  });
}

/** The largest whole n with base^n ≤ value; a quotient of logarithms would be 4.999… for 3⁵. */
function wholeLogarithm(value: number, base: number): number {
  let power = 0;
  while (base ** (power + 1) <= value) power += 1;
  return power;
}
