import type { SearchSettings } from './settings.js';

/** A rung of successive halving: the number of trials, and the total epochs of each by its end. */
export interface Rung {
  trials: number;
  epochs: number;
}

/** The rungs of a group of trials that compete with each other. */
export type Bracket = readonly Rung[];

type Plan = Pick<SearchSettings, 'strategy' | 'trials' | 'minEpochs' | 'maxEpochs' | 'reductionFactor'>;

/** The brackets of a search, in order; every trial of a bracket's first rung is new. */
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
 * with η in place of 2): all trials get `minEpochs`, the best 1/η of them η times as many, and so on until `maxEpochs` is reached or one
 * trial is left, which gets `maxEpochs`.
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
 * optimization", 2018, algorithm 1): brackets of successive halving of about equal cost, from many trials that start with few epochs to
 * few trials with all epochs. R is `maxEpochs` / `minEpochs`.
 */
function hyperband({
  minEpochs,
  maxEpochs,
  reductionFactor: eta,
}: Omit<Plan, 'strategy' | 'trials'>): Bracket[] {
  const halvings = integerLogarithm(maxEpochs / minEpochs, eta);
  return Array.from({ length: halvings + 1 }, (_, index) => {
    const s = halvings - index;
    const trials = Math.ceil(((halvings + 1) / (s + 1)) * eta ** s);
    return Array.from({ length: s + 1 }, (__, rung) => ({
      trials: Math.max(1, Math.floor(trials / eta ** rung)),
      epochs: Math.max(1, Math.round(maxEpochs / eta ** (s - rung))),
    }));
  });
}

/** The largest integer n with base^n ≤ value; a quotient of logarithms would give 4.999… for 3⁵. */
function integerLogarithm(value: number, base: number): number {
  let power = 0;
  while (base ** (power + 1) <= value) power += 1;
  return power;
}
