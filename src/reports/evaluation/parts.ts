/** Five decimals, or a dash where there is no value. */
export function decimal(value: number | null): string {
  return value === null ? '–' : value.toFixed(5);
}
