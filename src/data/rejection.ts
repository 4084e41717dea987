/** Why one file, row or member of a source is rejected. The rest of the source is imported; rejected.jsonl lists what is not. */
export class RejectionError extends Error {}

/** Something of a source that is not imported, and why. */
export interface Rejection {
  name: string;
  reason: string;
  /** What it shows, where the source says it. */
  label?: string | undefined;
}

/** A name from a source made safe for a message: on one line, at most 200 characters long. */
export function printable(name: string): string {
  return name.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu, '?').slice(0, 200);
}
