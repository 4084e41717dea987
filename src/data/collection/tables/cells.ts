/**
 * Parses a number in a field; NaN if it is not one.
 *
 * @param isDecimalComma whether the decimal sign may be a comma, which requires another separator
 */
export function numberIn(text: string, isDecimalComma: boolean): number {
  // Fast path: most pixels are background.
  if (text === '0') return 0;
  const value = Number(text);
  if (value === 0 && text.trim() === '') return NaN;
  return Number.isNaN(value) && isDecimalComma ? Number(text.replace(',', '.')) : value;
}

/** Normalises a label: programs with floating-point numbers write 7.0 or 7e+00 for 7. */
export function labelIn(text: string, isDecimalComma: boolean): string {
  const label = text.trim();
  if (!/^\d+[.,]\d*(e[-+]?\d+)?$|^\d+e[-+]?\d+$/i.test(label)) return label;
  const value = numberIn(label, isDecimalComma);
  return Number.isSafeInteger(value) ? String(value) : label;
}
