/**
 * What moves the cursor, changes colours or titles, turns the direction of text or is invisible: control characters of both sets,
 * directional marks, line separators, zero-width spaces, tags and halves of characters. The joiners of scripts and emoji are not among them.
 */
const UNSAFE =
  // eslint-disable-next-line no-control-regex -- these are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\ud800-\udfff]/gu;

/**
 * A text in which such characters are spelt out, as \x1b or \u{202e}: terminals, browsers and editors show it as it is.
 *
 * @param kept control characters that stay; a carriage return before a line feed stays with it
 */
export function spellOut(text: string, kept = ''): string {
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

/** JSON that means the same, with everything escaped that a terminal, a browser or an editor might obey; line ends stay. */
export function escapeJson(json: string): string {
  return json.replaceAll(UNSAFE, (character) => (character === '\n' ? character : escapes(character)));
}

function escapes(character: string): string {
  return [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('');
}
