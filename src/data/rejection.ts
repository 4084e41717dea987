/** Why one file, row or member of a source is rejected. The rest of the source is imported; rejected.jsonl lists what is not. */
export class RejectionError extends Error {}

/** A rejected part of a source, and the reason. */
export interface Rejection {
  name: string;
  reason: string;
  /** Its label, if known. */
  label?: string | undefined;
}

/** Makes a name from a source safe for a message: on one line, at most 200 characters long. */
export function printable(name: string): string {
  return name.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu, '?').slice(0, 200);
}
