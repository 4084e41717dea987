import { createReadStream } from 'node:fs';

/** A line was longer than allowed. */
export class LineTooLongError extends Error {}

/**
 * Yields the lines of a file without line ends, including an unfinished last line. Memory is bounded by the longest line. Throws
 * LineTooLongError and system errors.
 */
export async function* linesOf(path: string, maxBytes: number): AsyncGenerator<string> {
  const stream = createReadStream(path);
  let rest = Buffer.alloc(0);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      rest = Buffer.concat([rest, chunk]);
      let start = 0;
      for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a, start)) {
        yield rest.toString('utf8', start, end);
        start = end + 1;
      }
      rest = rest.subarray(start);
      if (rest.length > maxBytes) throw new LineTooLongError(`a line has more than ${maxBytes} bytes`);
    }
    if (rest.length > 0) yield rest.toString('utf8');
  } finally {
    stream.destroy();
  }
}
