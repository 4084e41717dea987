import { setImmediate as nextTurn } from 'node:timers/promises';

import { UMAP } from 'umap-js';

import { Random } from '../../core/random.js';
import { covarianceOf } from '../../core/numerics/covariance.js';
import { largestEigenPairs } from '../../core/numerics/lanczos.js';

/** A point in the plane. */
export type Point = readonly [x: number, y: number];

/** UMAP's own default. */
const NEIGHBOURS = 15;

/** The first two principal components (Pearson, 1901). */
export function projectByPca(vectors: readonly Float32Array[], seed: number): Point[] {
  const { mean, covariance } = covarianceOf(vectors, vectors[0]?.length ?? 0);
  const { vectors: directions } = largestEigenPairs(covariance, Math.min(2, mean.length), seed);
  return vectors.map((vector): Point => {
    const along = (direction: Float64Array | undefined): number =>
      direction ? direction.reduce((sum, value, at) => sum + value * (vector[at]! - mean[at]!), 0) : 0;
    return [along(directions[0]), along(directions[1])];
  });
}

/**
 * UMAP (McInnes, Healy and Melville, “UMAP: uniform manifold approximation and projection”, 2018); it preserves neighbourhoods, but not
 * distances between clusters. Throws the signal's reason when it is aborted.
 */
export async function projectByUmap(
  vectors: readonly Float32Array[],
  seed: number,
  signal: AbortSignal,
): Promise<Point[]> {
  const random = new Random(seed, 'umap');
  const umap = new UMAP({
    nNeighbors: Math.max(1, Math.min(NEIGHBOURS, vectors.length - 1)),
    random: () => random.uniform(),
  });
  const epochs = umap.initializeFit(vectors.map((vector) => [...vector]));
  for (let epoch = 0; epoch < epochs; epoch++) {
    umap.step();
    if (epoch % 10 === 0) await nextTurn();
    signal.throwIfAborted();
  }
  return umap.getEmbedding().map(([x = 0, y = 0]): Point => [x, y]);
}
