import { percent } from '../../core/format.js';
import { cleanLine } from './clean.js';

export { count, percent } from '../../core/format.js';

/** A share in percent; "–" where there is none. */
export function share(value: number | null): string {
  return value === null ? '–' : percent(value);
}

/** A loss, to four decimal places. */
export function loss(value: number): string {
  return value.toFixed(4);
}

/** Bytes in a suitable unit: "261 MiB". */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10));
  const scaled = value / 2 ** (10 * power);
  return `${scaled < 10 && power > 0 ? scaled.toFixed(1) : Math.round(scaled)} ${units[power]!}`;
}

/** A duration in a suitable unit: "0.42 s", "12.3 s", "3:07", "1:02:03". */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = `${String(minutes).padStart(hours > 0 ? 2 : 1, '0')}:${String(rest).padStart(2, '0')}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}

/** An option's value as text: "128,64", "none" for an empty list, "–" for nothing. */
export function optionText(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'string') return value;
  const text = JSON.stringify(value).replaceAll(/[[\]"]/g, '');
  return text === '' ? 'none' : text;
}

/** Columns side by side, each as wide as its widest cell. */
export function columns(uncleaned: readonly (readonly string[])[]): string {
  const rows = uncleaned.map((row) => row.map(cleanLine));
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, cell.length)));
  return rows
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
