import { spellOut } from '../../core/formats/unsafe-characters.js';

/**
 * A text as it may stand in HTML, SVG and their attributes. Control characters, which XML forbids, and those that turn the direction
 * of text are spelt out.
 */
export function escapeMarkup(text: string): string {
  return spellOut(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** A value as JSON in an attribute, with its quotes. Texts in it must not hold what `spellOut` spells out. */
export function jsonAttribute(value: unknown): string {
  // Between single quotes, as JSON is full of double ones.
  const json = JSON.stringify(value)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll("'", '&#39;');
  return `'${json}'`;
}

/** A text of at most so many characters, the end of a longer one cut off. */
export function shorten(text: string, length: number): string {
  const characters = Array.from(text);
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`;
}
