/** The 97.5 % quantile of the normal distribution: 95 % lie within ± this. */
const QUANTILE = 1.959963984540054;

/**
 * The 95 % confidence interval of a share, from how often something happened in so many cases (Wilson, “Probable inference, the law of
 * succession, and statistical inference”, 1927). From 0 to 1 without cases.
 */
export function wilsonInterval(times: number, cases: number): { low: number; high: number } {
  if (cases === 0) return { low: 0, high: 1 };
  const share = times / cases;
  const square = QUANTILE ** 2 / cases;
  const middle = share + square / 2;
  const half = Math.sqrt(share * (1 - share) * square + square ** 2 / 4);
  // At 0 and 1 a bound is exact, whatever rounding makes of it.
  return {
    low: times === 0 ? 0 : (middle - half) / (1 + square),
    high: times === cases ? 1 : (middle + half) / (1 + square),
  };
}
