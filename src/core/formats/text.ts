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

/** The text of a response up to a limit, as the server may be untrusted. Throws an error with the given message beyond it. */
export async function textWithin({ body }: Response, maxBytes: number, tooLong: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += part.length;
    if (bytes > maxBytes) throw new Error(tooLong);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function decoderFor([first, second]: Uint8Array): InstanceType<typeof TextDecoder> {
  const isLittle = first === 0xff && second === 0xfe;
  const isBig = first === 0xfe && second === 0xff;
  return new TextDecoder(isLittle ? 'utf-16le' : isBig ? 'utf-16be' : 'utf-8');
}
