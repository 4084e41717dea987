const BYTES = 8;

/**
 * Reorders bytes: the first of every eight, then the second of every eight, and so on. Coefficients of 28 bits are stored in eight bytes;
 * apart from the random ones, the zeros compress to nothing.
 */
export function toPlanes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return reordered(
    bytes,
    (from, to, word, plane, words) => (to[plane * words + word] = from[word * BYTES + plane]!),
  );
}

/** The reverse of `toPlanes`. */
export function fromPlanes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return reordered(
    bytes,
    (from, to, word, plane, words) => (to[word * BYTES + plane] = from[plane * words + word]!),
  );
}

function reordered(
  from: Uint8Array,
  move: (from: Uint8Array, to: Uint8Array, word: number, plane: number, words: number) => void,
): Uint8Array<ArrayBuffer> {
  const to = new Uint8Array(from);
  const words = Math.floor(from.length / BYTES);
  for (let plane = 0; plane < BYTES; plane++) {
    for (let word = 0; word < words; word++) move(from, to, word, plane, words);
  }
  return to;
}

/** Compresses bytes as deflate (RFC 1951). */
export function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return drain(new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate-raw')), Infinity);
}

/** Unpacks what `deflate` made. Throws a TypeError for damaged data, and a RangeError as soon as there are more bytes than may be. */
export function inflate(bytes: Uint8Array<ArrayBuffer>, most: number): Promise<Uint8Array> {
  return drain(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw')), most);
}

async function drain(stream: ReadableStream<Uint8Array>, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > most) {
      await reader.cancel();
      throw new RangeError(`more than ${most} bytes`);
    }
    chunks.push(value);
  }
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}
