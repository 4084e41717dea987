import { allIndices } from '../../../core/images.js';
import { distances, fitDistribution } from '../cleaning/mahalanobis.js';
import { thumbnails } from '../cleaning/thumbnails.js';
import { defineCheck, type CheckInput, type Finding, type SplitName } from './check.js';

/** The share of training images that the distribution is fitted to: foreign ones must not widen it. */
const TRUSTED = 0.98;
/** Beyond this many interquartile ranges above the third quartile (of the logarithm) an image is far out (Tukey, 1977). */
const FENCE = 3;

/**
 * Images unlike all others: the Mahalanobis distance from the normal distribution of the training images, fitted once to all
 * and once more to the 98 % nearest (a concentration step of the minimum covariance determinant estimator).
 */
export const outliersCheck = defineCheck({
  name: 'outliers',
  summary: 'outliers, by robust Mahalanobis distance',
  source:
    'Mahalanobis, 1936; Rousseeuw and Van Driessen, “A fast algorithm for the minimum covariance determinant estimator”, 1999',
  modes: ['off', 'report', 'drop'],
  fallback: 'off',
  needsBackend: () => true,
  async run(input, _mode, { signal }) {
    const scores = await outlierScores(input, signal);
    const fence = fenceOf(scores.train);
    const findings = (['train', 'test'] as const).flatMap((split) => beyond(scores[split], fence, split));
    return findings.sort((a, b) => b.score - a.score);
  },
});

/** The Mahalanobis distance of every image, robustly from the training images. */
export async function outlierScores(
  input: Pick<CheckInput, 'train' | 'test' | 'isDropped'>,
  signal: AbortSignal,
): Promise<Record<SplitName, Float32Array>> {
  const train = thumbnails(input.train);
  const all = allIndices(train.count);
  const kept = all.filter((index) => !input.isDropped({ split: 'train', index }));
  const first = await distances(train, await fitDistribution(train, kept, signal), signal);
  const limit = quantile(kept.length === 0 ? [0] : Array.from(kept, (index) => first[index]!), TRUSTED);
  const trusted = kept.filter((index) => first[index]! <= limit);
  const distribution = await fitDistribution(train, trusted, signal);
  const root = (squares: Float32Array): Float32Array => squares.map(Math.sqrt);
  const squares = await distances(train, distribution, signal);
  for (const index of trusted) squares[index] = withoutItself(squares[index]!, trusted.length);
  return {
    train: root(squares),
    test: root(await distances(thumbnails(input.test), distribution, signal)),
  };
}

/**
 * The squared distance of an image from the distribution of the others, given that from a distribution fitted to it as well: of few
 * images, each draws the distribution to itself, and none that was not among them would seem as near (Cook and Weisberg, "Residuals
 * and influence in regression", 1982, appendix A.2; the ridge is taken as constant).
 */
export function withoutItself(squared: number, count: number): number {
  if (count < 3) return squared;
  const rest = count - 1;
  const influence = (count * squared) / rest ** 2;
  return (squared * (count / rest) ** 2 * ((count - 2) / rest)) / (1 - influence);
}

function fenceOf(scores: Float32Array): number {
  const logarithms = Array.from(scores, (score) => Math.log(score + 1e-9));
  const [lower, upper] = [quantile(logarithms, 0.25), quantile(logarithms, 0.75)];
  return Math.exp(upper + FENCE * (upper - lower));
}

function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

function beyond(scores: Float32Array, fence: number, split: SplitName): (Finding & { score: number })[] {
  return Array.from(scores.keys())
    .filter((index) => scores[index]! > fence)
    .map((index) => {
      const score = scores[index]!;
      const reason = `distance ${score.toFixed(1)} from the training images, where ${fence.toFixed(1)} is far out`;
      // A published test stays as it is.
      return { split, index, reason, score, droppable: split === 'train' };
    });
}
