/** How alike two lists are in the order of their values at some places: Spearman's rank correlation. */
export function rankCorrelation(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  places: readonly number[],
): number {
  const [a, b] = [first, second].map((values) => {
    const order = [...places].sort((left, right) => values[left]! - values[right]!);
    const ranks = new Map(order.map((place, rank) => [place, rank - (places.length - 1) / 2]));
    return places.map((place) => ranks.get(place)!);
  });
  const product = (left: number[], right: number[]): number =>
    left.reduce((sum, value, at) => sum + value * right[at]!, 0);
  return product(a!, b!) / Math.sqrt(product(a!, a!) * product(b!, b!));
}
