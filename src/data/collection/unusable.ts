/** Why one file, row or member of a source is not taken. The rest of the source is; the listing of the rejected names it. */
export class Unusable extends Error {}

/** Something of a source that was not taken, and why. */
export interface Rejection {
  name: string;
  reason: string;
}

/** A name from a source as a message may hold it: of one line, and of a length that leaves room for the rest. */
export function printable(name: string): string {
  return name.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu, '?').slice(0, 200);
}
