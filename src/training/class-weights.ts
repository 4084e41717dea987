/**
 * Weights inversely proportional to the number of images of each class: n ÷ (classes · n of the class), as scikit-learn's `balanced`.
 * As there, classes without images are not counted; they have weight 1, which nothing is multiplied by in training.
 *
 * @param counts the number of training images of each class
 */
export function balancedWeights(counts: readonly number[]): number[] {
  const images = counts.reduce((sum, count) => sum + count, 0);
  const classes = counts.filter((count) => count > 0).length;
  return counts.map((count) => (count === 0 ? 1 : images / (classes * count)));
}
