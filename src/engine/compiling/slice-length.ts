/** The target duration of a slice, in milliseconds: short for prompt progress, long enough to amortise the call. */
const TARGET_MS = 60;
/** Limits growth per slice, because timings vary: the first slice includes graph preparation, later ones may share the CPU. */
const LARGEST_GROWTH = 4;

/** Adapts the number of steps per slice to the duration of the previous slices. */
export class SliceLength {
  #steps = 1;

  get steps(): number {
    return this.#steps;
  }

  /** Records the number of steps and the duration of a finished slice. */
  record(steps: number, milliseconds: number): void {
    const fitting = Math.floor((steps * TARGET_MS) / Math.max(milliseconds, 0.001));
    // A slice shortened by the end of an epoch is ignored, unless it was slow.
    if (steps < this.#steps && fitting >= steps) return;
    this.#steps = Math.max(1, Math.min(fitting, this.#steps * LARGEST_GROWTH));
  }
}
