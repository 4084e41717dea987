/**
 * The text of a file: UTF-8, or UTF-16 with a byte-order mark, as Windows writes it. The mark, of UTF-8 too, is removed:
 * JSON.parse would refuse it.
 */
export function decodeText(bytes: Uint8Array): string {
  return decoderFor(bytes).decode(bytes);
}

/** The entries of a list that has one on a line; empty lines and comments (#) are left out. */
export function listedIn(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

/** The text of a file that is read in chunks, as `decodeText` gives it. */
export async function* decodeChunks(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  for await (const chunk of chunks) {
    decoder ??= decoderFor(chunk);
    yield decoder.decode(chunk, { stream: true });
  }
  if (decoder) yield decoder.decode();
}

function decoderFor([first, second]: Uint8Array): InstanceType<typeof TextDecoder> {
  const isLittle = first === 0xff && second === 0xfe;
  const isBig = first === 0xfe && second === 0xff;
  return new TextDecoder(isLittle ? 'utf-16le' : isBig ? 'utf-16be' : 'utf-8');
}
