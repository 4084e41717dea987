const DIGITS = 2;
const MOST_DECIMALS = 4;

/** Metrics in one line, sorted by name and cut to a length. */
export function metricsText(logs: Readonly<Record<string, number>>, maxLength = Infinity): string {
  const text = Object.keys(logs)
    .filter((key) => key !== 'batch' && key !== 'size')
    .sort()
    .map((key) => `${key}=${getSuccinctNumberDisplay(logs[key]!)} `)
    .join('');
  // A longer text would wrap, and the bar would be drawn again below.
  return text.length > maxLength ? `${text.slice(0, Math.max(maxLength - 3, 0))}...` : text;
}

/** A number with few digits; small ones in exponential notation. */
export function getSuccinctNumberDisplay(x: number): string {
  const decimals = getDisplayDecimalPlaces(x);
  return decimals > MOST_DECIMALS ? x.toExponential(DIGITS) : x.toFixed(decimals);
}

/** The number of decimals that shows a few significant digits. */
export function getDisplayDecimalPlaces(x: number): number {
  if (!Number.isFinite(x) || x === 0 || Math.abs(x) > 1) return DIGITS;
  return DIGITS - Math.floor(Math.log10(Math.abs(x)));
}
