import { randomInt } from 'node:crypto';

import { spellOut } from '../../core/formats/unsafe-characters.js';

/** Marks the colours of this program: nobody who writes a file can know it. It is read as parameters without meaning. */
const SIGNATURE = [randomInt(1000, 10_000), randomInt(1000, 10_000), randomInt(1000, 10_000)].join(';');
// eslint-disable-next-line no-control-regex -- terminals' colours begin with it
const COLOR = /\u001b\[([\d;]*)m/g;
const SIGNED = new RegExp(`\\u001b\\[([\\d;]*);${SIGNATURE}m`);

/** Marks the colours in a text as this program's; the text must hold nothing of anybody else's. */
export function signColors(text: string): string {
  return text.replaceAll(COLOR, `\u001b[$1;${SIGNATURE}m`);
}

/**
 * A text for a terminal: line breaks (of CSV too) and this program's own colours stay, everything else that a terminal obeys is spelt
 * out.
 */
export function cleanText(text: string): string {
  return cleaned(text, '\n\t', (color) => `\u001b[${color}m`);
}

/** A name or a message that is part of a line: line breaks are spelt out too. This program's colours stay. */
export function cleanLine(text: string): string {
  return cleaned(text, '', (color) => `\u001b[${color};${SIGNATURE}m`);
}

/**
 * @param kept characters that stay as they are
 * @param paint writes a colour of this program's
 */
function cleaned(text: string, kept: string, paint: (color: string) => string): string {
  // Between the texts are the parameters of the colours.
  return text
    .split(SIGNED)
    .map((part, index) => (index % 2 === 1 ? paint(part) : spellOut(part, kept)))
    .join('');
}

/** The same for all texts in a value that consists of plain objects and lists. */
export function cleanDeep<Value>(value: Value): Value {
  if (typeof value === 'string') return cleanLine(value) as Value;
  if (Array.isArray(value)) return value.map((item: unknown) => cleanDeep(item)) as Value;
  if (value === null || typeof value !== 'object' || !isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, cleanDeep(item)])) as Value;
}

/** Numbers in typed arrays and the like hold no texts. */
function isPlain(value: object): boolean {
  return [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null);
}
