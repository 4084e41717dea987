/** Why one file, row or member of a source is not taken. The rest of the source is; the listing of the rejected names it. */
export class Unusable extends Error {}

/** Something of a source that was not taken, and why. */
export interface Rejection {
  name: string;
  reason: string;
}
