const DIGITS = 2;
const MOST_DECIMALS = 4;

/** Metrics as one line, in the order of their names, cut to a length. */
export function metricsText(logs: Readonly<Record<string, number>>, maxLength = Infinity): string {
  const text = Object.keys(logs)
    .filter((key) => key !== 'batch' && key !== 'size')
    .sort()
    .map((key) => `${key}=${getSuccinctNumberDisplay(logs[key]!)} `)
    .join('');
  // A longer one would break the line, and the bar would be drawn anew below it.
  return text.length > maxLength ? `${text.slice(0, Math.max(maxLength - 3, 0))}...` : text;
}

/** A number with a few digits: decimals, or powers of ten where it is small. */
export function getSuccinctNumberDisplay(x: number): string {
  const decimals = getDisplayDecimalPlaces(x);
  return decimals > MOST_DECIMALS ? x.toExponential(DIGITS) : x.toFixed(decimals);
}

/** How many decimals a number needs to show a few digits. */
export function getDisplayDecimalPlaces(x: number): number {
  if (!Number.isFinite(x) || x === 0 || Math.abs(x) > 1) return DIGITS;
  return DIGITS - Math.floor(Math.log10(Math.abs(x)));
}
