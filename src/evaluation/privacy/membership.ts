import { exactInterval } from './binomial.js';

/** How well an attacker tells members from others. */
export interface MembershipAttack {
  /** The probability that a member seems more like one than another image does: 0.5 is chance. */
  readonly auc: number;
  /** The share of members found while at most one in a thousand others is taken for one; null for fewer than 1,000 others. */
  readonly truePositiveRate: number | null;
  /** The exact 95 % interval of that share. */
  readonly interval: { readonly low: number; readonly high: number } | null;
  readonly members: number;
  readonly others: number;
}

const FALSE_POSITIVE_RATE = 0.001;
/** Of fewer, one in a thousand is less than one. */
const FEWEST_OTHERS = 1 / FALSE_POSITIVE_RATE;
/** So that images of a class that all have the same score keep a density. */
const SMALLEST_DEVIATION = 1e-3;

/** Images of one side of the attack: what a model makes of each, and its class. */
export interface Side {
  /** log(p/(1 − p)) of the right class. */
  readonly confidences: Float64Array;
  readonly labels: Uint8Array;
}

/**
 * log(p/(1 − p)) of the right class, which is nearly normally distributed (Carlini et al., 2022), from logits row by row: exact where p
 * rounds to 1.
 */
export function confidencesOf(logits: Float32Array, labels: Uint8Array): Float64Array {
  const classes = logits.length / labels.length;
  return Float64Array.from(labels, (label, row) => {
    const own = logits[row * classes + label]!;
    let largest = -Infinity;
    for (let other = 0; other < classes; other++) {
      if (other !== label) largest = Math.max(largest, logits[row * classes + other]!);
    }
    let sum = 0;
    for (let other = 0; other < classes; other++) {
      if (other !== label) sum += Math.exp(logits[row * classes + other]! - largest);
    }
    return own - largest - Math.log(sum);
  });
}

/**
 * The likelihood-ratio attack with what one model shows: the confidences of members and of others are modelled as normal distributions, for
 * each class, and images are ranked by the ratio of both densities (Carlini, Chien, Nasr, Song, Terzis and Tramèr, “Membership inference
 * attacks from first principles”, 2022, without shadow models). Densities are fitted to one half and judge the other, both ways.
 */
export function attackMembership(members: Side, others: Side): MembershipAttack {
  const halves = [0, 1].map((half) => {
    const ratio = likelihoodRatio(halfOf(members, 1 - half), halfOf(others, 1 - half));
    return { members: ratio(halfOf(members, half)), others: ratio(halfOf(others, half)) };
  });
  return judge(
    halves.flatMap((half) => half.members),
    halves.flatMap((half) => half.others),
  );
}

/** Scores of members and of others, judged by all thresholds. */
export function judge(members: readonly number[], others: readonly number[]): MembershipAttack {
  const counts = { members: members.length, others: others.length };
  const auc = areaUnder(members, others);
  if (others.length < FEWEST_OTHERS) return { auc, truePositiveRate: null, interval: null, ...counts };
  const descending = others.toSorted((a, b) => b - a);
  // What lies above the first score that may no longer be taken for a member's.
  const threshold = descending[Math.floor(others.length * FALSE_POSITIVE_RATE)]!;
  const found = members.filter((score) => score > threshold).length;
  return {
    auc,
    truePositiveRate: found / members.length,
    interval: exactInterval(found, members.length),
    ...counts,
  };
}

/** The Mann–Whitney statistic; of equal scores, half counts. */
function areaUnder(members: readonly number[], others: readonly number[]): number {
  const ascending = Float64Array.from(others).sort();
  const below = (score: number, isEqual: boolean): number => {
    let [low, high] = [0, ascending.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ascending[middle]! < score || (isEqual && ascending[middle] === score)) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const wins = members.reduce((sum, score) => sum + (below(score, false) + below(score, true)) / 2, 0);
  return wins / (members.length * others.length);
}

function halfOf({ confidences, labels }: Side, half: number): Side {
  const isKept = (_: number, index: number): boolean => index % 2 === half;
  return { confidences: confidences.filter(isKept), labels: labels.filter(isKept) };
}

interface Normal {
  readonly mean: number;
  readonly deviation: number;
}

/** log of the ratio of the densities of a member and of another image of the same class. */
function likelihoodRatio(members: Side, others: Side): (side: Side) => number[] {
  const [inside, outside] = [normals(members), normals(others)];
  return ({ confidences, labels }) =>
    Array.from(confidences, (value, index) => {
      const label = labels[index]!;
      return logDensity(inside(label), value) - logDensity(outside(label), value);
    });
}

/** The normal distribution of each class; of a class with fewer than two images, that of all. */
function normals({ confidences, labels }: Side): (label: number) => Normal {
  const all = normalOf([...confidences]);
  const byClass = new Map<number, number[]>();
  labels.forEach((label, index) => {
    const values = byClass.get(label) ?? [];
    values.push(confidences[index]!);
    byClass.set(label, values);
  });
  const fitted = new Map([...byClass].map(([label, values]) => [label, normalOf(values, all)]));
  return (label) => fitted.get(label) ?? all;
}

function normalOf(values: readonly number[], fallback?: Normal): Normal {
  if (values.length < 2) return fallback ?? { mean: values[0] ?? 0, deviation: 1 };
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, deviation: Math.max(Math.sqrt(variance), SMALLEST_DEVIATION) };
}

function logDensity({ mean, deviation }: Normal, value: number): number {
  return -Math.log(deviation) - ((value - mean) / deviation) ** 2 / 2;
}
