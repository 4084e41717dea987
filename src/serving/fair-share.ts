/**
 * Whether a sender may hold this much of something that all share: half of what the others leave, so that something is left to the next
 * one.
 *
 * @param own what the sender would hold
 * @param others what all others hold
 * @param most what all may hold together
 */
export function isFairShare(own: number, others: number, most: number): boolean {
  return own <= (most - others) / 2;
}

/** How much each sender holds of something that all share, so that none takes more than a fair share. */
export class FairShares {
  readonly #most: number;
  readonly #held = new Map<string, number>();
  #sum = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** How much all hold together. */
  get held(): number {
    return this.#sum;
  }

  /** How much a sender holds. */
  heldBy(sender: string): number {
    return this.#held.get(sender) ?? 0;
  }

  /** Gives a sender some more; false, and nothing is given, where that is more than its fair share. */
  take(sender: string, amount: number): boolean {
    const before = this.heldBy(sender);
    if (!isFairShare(before + amount, this.#sum - before, this.#most)) return false;
    this.#held.set(sender, before + amount);
    this.#sum += amount;
    return true;
  }

  /** Takes back what a sender no longer needs. */
  giveBack(sender: string, amount: number): void {
    const left = this.heldBy(sender) - amount;
    if (left > 0) this.#held.set(sender, left);
    else this.#held.delete(sender);
    this.#sum -= amount;
  }
}
