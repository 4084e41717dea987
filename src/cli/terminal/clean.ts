import { randomInt } from 'node:crypto';

/**
 * What moves the cursor, changes colours or titles, turns the direction of text or is invisible: control characters of both sets,
 * directional marks, line separators, zero-width spaces, tags and halves of characters. The joiners of scripts and emoji are not among them.
 */
const UNSAFE =
  // eslint-disable-next-line no-control-regex -- these are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\ud800-\udfff]/gu;

/** Marks the colours of this program: nobody who writes a file can know it. It is read as parameters without meaning. */
const SIGNATURE = [randomInt(1000, 10_000), randomInt(1000, 10_000), randomInt(1000, 10_000)].join(';');
// eslint-disable-next-line no-control-regex -- terminals' colours begin with it
const COLOR = /\u001b\[([\d;]*)m/g;
const SIGNED = new RegExp(`\\u001b\\[([\\d;]*);${SIGNATURE}m`, 'g');

/** Marks the colours in a text as this program's; the text must hold nothing of anybody else's. */
export function signColors(text: string): string {
  return text.replaceAll(COLOR, `\u001b[$1;${SIGNATURE}m`);
}

/**
 * A text for a terminal: line breaks (of CSV too) and this program's own colours stay, everything else that a terminal obeys is spelt
 * out.
 */
export function cleanText(text: string): string {
  let clean = '';
  let end = 0;
  for (const match of text.matchAll(SIGNED)) {
    clean += `${spellOut(text.slice(end, match.index), '\n\t')}\u001b[${match[1] ?? ''}m`;
    end = match.index + match[0].length;
  }
  return clean + spellOut(text.slice(end), '\n\t');
}

/** A name or a message that is part of a line: line breaks are spelt out too. This program's colours stay. */
export function cleanLine(text: string): string {
  return text
    .split(SIGNED_WHOLE)
    .map((part, index) => (index % 2 === 1 ? part : spellOut(part, '')))
    .join('');
}

const SIGNED_WHOLE = new RegExp(`(\\u001b\\[[\\d;]*;${SIGNATURE}m)`);

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

/** JSON that means the same, with everything escaped that a terminal or an editor might obey; line ends stay. */
export function cleanJson(json: string): string {
  return json.replaceAll(UNSAFE, (character) => (character === '\n' ? character : escapes(character)));
}

function spellOut(text: string, kept: string): string {
  return text.replaceAll(UNSAFE, (character, at: number) =>
    kept.includes(character) || (character === '\r' && kept !== '' && text[at + 1] === '\n')
      ? character
      : spelling(character),
  );
}

function spelling(character: string): string {
  const code = character.codePointAt(0)!;
  if (code === 0x0a) return '\\n';
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}

function escapes(character: string): string {
  return [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('');
}
