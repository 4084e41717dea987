/** The probability of each number of successes, from 0 to n, of n trials; precise in both tails. */
export function binomialLaw(n: number, probability: number): Float64Array {
  const [success, failure] = [Math.log(probability), Math.log1p(-probability)];
  let logarithm = 0;
  return Float64Array.from({ length: n + 1 }, (_, k) => {
    if (k > 0) logarithm += Math.log(n - k + 1) - Math.log(k);
    // 0 · log 0 is 0 here.
    return Math.exp(logarithm + (k === 0 ? 0 : k * success) + (k === n ? 0 : (n - k) * failure));
  });
}

/** The exact 95 % confidence interval of a share (Clopper and Pearson, 1934). From 0 to 1 without trials. */
export function exactInterval(times: number, trials: number): { low: number; high: number } {
  const reaches = (probability: number, from: number, to: number): number => {
    const law = binomialLaw(trials, probability);
    return law.subarray(from, to + 1).reduce((sum, value) => sum + value, 0);
  };
  const low = times === 0 ? 0 : crossing((share) => reaches(share, times, trials) < 0.025);
  const high = times === trials ? 1 : crossing((share) => reaches(share, 0, times) > 0.025);
  return { low, high };
}

/** Where a condition stops to hold between 0 and 1. */
function crossing(holds: (share: number) => boolean): number {
  let [low, high] = [0, 1];
  for (let round = 0; round < 50; round++) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}
