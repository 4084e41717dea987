import { cleanText } from './clean.js';

/** Writes text for people, such as help. */
export function writeText(stream: NodeJS.WritableStream, text: string): void {
  stream.write(cleanText(text));
}
