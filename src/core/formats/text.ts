/**
 * The text of a file: UTF-8, or UTF-16 where a byte-order mark says so, as Windows writes it. The mark itself, of UTF-8 too, is not
 * part of the text; JSON.parse would refuse it.
 */
export function decodeText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  const isLittle = first === 0xff && second === 0xfe;
  const isBig = first === 0xfe && second === 0xff;
  return new TextDecoder(isLittle ? 'utf-16le' : isBig ? 'utf-16be' : 'utf-8').decode(bytes);
}
