import { escapeMarkup as text } from '../drawing/markup.js';

/** What the lines of a chart stand for. */
export function legend(entries: readonly (readonly [style: string, name: string])[]): string {
  const items = entries.map(
    ([style, name]) =>
      `<li><svg class="line" viewBox="0 0 10 3" preserveAspectRatio="none" aria-hidden="true"><rect class="${style}" width="10" height="3"/></svg>${text(name)}</li>`,
  );
  return `<ul class="legend">${items.join('')}</ul>`;
}

/** Five decimals, or a dash where there is no value. */
export function decimal(value: number | null): string {
  return value === null ? '–' : value.toFixed(5);
}
