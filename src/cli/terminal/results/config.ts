import type { Resolution, OptionSpace } from '../../../core/config/resolve.js';
import { flagOf } from '../../../core/config/fields.js';
import type { Outcome } from '../reporter.js';
import { table } from '../table.js';

/** Each option with its value and where it came from. */
export function configOutcome({ flat, origins }: Resolution<OptionSpace>): Outcome {
  const entries = Object.entries(flat).map(([key, value]) => ({
    key,
    value,
    origin: origins.get(key) ?? '',
  }));
  const config = Object.fromEntries(entries.map(({ key, value, origin }) => [key, { value, origin }]));
  const rows = entries.map(({ key, value, origin }) => [flagOf(key), JSON.stringify(value), origin]);
  return { data: { config }, text: () => table(['option', 'value', 'from'], rows) };
}
