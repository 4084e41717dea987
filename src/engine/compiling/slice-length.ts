/** How long a slice of native work should take, in milliseconds: progress is prompt, and a call's cost does not matter. */
const TARGET_MS = 60;
/** The first slice is slow for other reasons (TensorFlow prepares the graph), and later ones may wait for other programs. */
const LARGEST_GROWTH = 4;

/** How many steps a slice should have, learnt from how long the slices before it took. */
export class SliceLength {
  #steps = 1;

  get steps(): number {
    return this.#steps;
  }

  /** Takes notice of a slice that has run: how many steps it had, and how long it took. */
  measured(steps: number, milliseconds: number): void {
    const fitting = Math.floor((steps * TARGET_MS) / Math.max(milliseconds, 0.001));
    // What an epoch's end has cut short is too little to judge by, unless it was slow all the same.
    if (steps < this.#steps && fitting >= steps) return;
    this.#steps = Math.max(1, Math.min(fitting, this.#steps * LARGEST_GROWTH));
  }
}
